// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/descriptor.h"
#include "lamina/result.h"

namespace lamina {

/// The four kinds of manifest that a registry stores here.
enum class ManifestKind : std::uint8_t { kImage, kIndex };

/// Order of fields in the JSON that serialize() writes: interop facts 6.1.
enum class FieldOrder : std::uint8_t {
  kOras,  ///< image-spec Go types: digest before size; artifactType second; subject before annotations.
  kGgcr,  ///< go-containerregistry: size before digest; annotations, subject, artifactType last.
};

/// An image manifest or index, of OCI or Docker schema 2, as a value. Unknown fields of a parsed document
/// are dropped: a manifest is stored and copied as its bytes, never as a re-serialised value.
struct Manifest {
  ManifestKind kind = ManifestKind::kImage;
  std::string media_type;     ///< As in the document; may be empty in a parsed one.
  std::string artifact_type;  ///< As in the document.
  std::optional<Descriptor> config;
  std::vector<Descriptor> layers;     ///< Of an image.
  std::vector<Descriptor> manifests;  ///< Of an index.
  std::optional<Descriptor> subject;
  Annotations annotations;

  /// What the referrers API reports: artifactType, else an image's config media type, else "".
  std::string effective_artifact_type() const;
};

inline constexpr std::size_t kMaxManifestBytes = 4 * 1024 * 1024;

/// Checks image-spec v1.1.1 and the ambiguity rules of docs/api (duplicate keys, `layers` beside `manifests`,
/// wrong `data`, schemaVersion 1). `content_type` is the media type under which the bytes were pushed;
/// it may carry no parameters here. Errors are kInvalid about kManifest, kUnsupported for a media type
/// that is no manifest type, kTooLarge beyond kMaxManifestBytes; digests inside of an unknown algorithm
/// are kUnsupported about kManifest.
Result<Manifest> parse_manifest(std::string_view bytes, std::string_view content_type);

/// Compact JSON with Go's escapes, byte for byte what the named library writes.
std::string serialize(const Manifest& manifest, FieldOrder order);
std::string serialize(const Descriptor& descriptor, FieldOrder order);

/// True for the four media types of ManifestKind.
bool is_manifest_type(std::string_view media_type);

}  // namespace lamina
