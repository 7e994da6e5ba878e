// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/descriptor.h"
#include "lamina/result.h"

namespace lamina {

/// Whether a manifest names blobs or other manifests.
enum class ManifestKind : std::uint8_t { kImage, kIndex };

/// Order of fields in the JSON that serialize() writes.
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
  friend bool operator==(const Manifest&, const Manifest&) = default;

  /// What the referrers API reports: artifactType, else an image's config media type, else "".
  std::string effective_artifact_type() const;
  /// The type to store and serve it under: `content_type`, else the document's own, else that of OCI.
  std::string effective_media_type(std::string_view content_type) const;
};

inline constexpr std::size_t kMaxManifestBytes = std::size_t{4} * 1024 * 1024;

/// Checks image-spec v1.1.1 and the ambiguity rules of docs/api: no name twice in an object, no field of the
/// spec in another case, no `manifests` in an image, no `layers` or `config` in an index, `data` that
/// matches. A field that is null counts as absent; an image may have no layers, and an entry of an index any
/// platform. `content_type` is the media type under which the bytes were pushed, without parameters, and must
/// equal the document's own if that has one. Empty, the document's own or else its fields decide. Errors are
/// about kManifest: kInvalid; kUnsupported for a media type that is no manifest type and for a digest inside
/// of an algorithm that is not offered; kTooLarge beyond kMaxManifestBytes.
Result<Manifest> parse_manifest(std::string_view bytes, std::string_view content_type);

/// Compact JSON with Go's escapes, byte for byte what the named library writes. An image must have its
/// config.
std::string serialize(const Manifest& manifest, FieldOrder order);
std::string serialize(const Descriptor& descriptor, FieldOrder order);

/// True for the four media types of ManifestKind.
bool is_manifest_type(std::string_view media_type);

}  // namespace lamina
