// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "controller/content.h"
#include "controller/settings.h"
#include "kube/object.h"
#include "lamina/descriptor.h"
#include "lamina/identity.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "oci/json.h"

/// The objects that the controller makes of content, as JSON. Nothing here asks anybody.
namespace lamina::controller {

/// One object that another asks to have made of its content.
struct Export {
  std::string kind;  ///< ExternalArtifact, OCIRepository, Artifact or Snapshot.
  std::string name;  ///< Empty: default_name().
  friend bool operator==(const Export&, const Export&) = default;
};

enum class ExportKind : std::uint8_t { kExternalArtifact, kOciRepository, kArtifact, kSnapshot };
inline constexpr std::size_t kExportKinds = 4;
std::optional<ExportKind> parse_export_kind(std::string_view kind);
const kube::ResourceType& type_of(ExportKind kind);

/// The object that an export is made from: it controls what is made, and has its namespace.
struct ExportSource {
  const kube::ResourceType& type;
  const kube::Object& object;
};

/// The source's name; for an Artifact lower(`<kind>-<namespace>-<name>`), as openfluxcd names them, where
/// that is not too long for a name.
std::string default_name(ExportKind kind, const ExportSource& source);

/// What exports say about content.
struct ExportContent {
  const RegistryAccess* access = nullptr;  ///< As of ContentSource::look().
  RepositoryName repository;
  std::string tag;  ///< Empty where the content was found by digest alone.
  Content content;
  Identity identity;
  std::string revision;  ///< revision_of()
  Annotations metadata;
  /// When the content last changed. Zero: not known; an export keeps its own time as long as its digest.
  UnixTime updated{};
};

/// `<human>@<layer digest>`, or the digest alone: differs whenever the content does.
std::string revision_of(std::string_view human, const Digest& layer);

/// Path of the layer at the file face, percent-encoded, without a slash before it.
std::string file_path(const RepositoryName& repository, const Content& content);
/// The same as an address; empty where nothing is advertised.
std::string file_url(const Settings& settings, const RepositoryName& repository, const Content& content);

/// A gzipped tar or a Helm chart by its media type: what consumers of files can unpack.
bool is_archive(std::string_view layer_media_type);
bool is_helm_chart(std::string_view layer_media_type);

/// Why an export cannot be made of this content.
struct ExportTrouble {
  std::string reason;  ///< Of the condition Exported.
  std::string message;
};

/// Nothing where an export of `kind` can be made of this content. Reasons: UnsupportedLayer,
/// UnsupportedRegistry, UnsupportedRepository, NoAdvertiseURL.
std::optional<ExportTrouble> why_not(ExportKind kind, const ExportContent& content, const Settings& settings);

/// The body that applies all of an export but its status; why_not() must have nothing against it.
std::string export_document(ExportKind kind, const std::string& name, const ExportSource& source,
                            const ExportContent& content, const Settings& settings);

/// True where Lamina writes the status: of ExternalArtifact.
bool has_status(ExportKind kind);
/// The body that applies the status. `generation` is the export's, `ready_since` the lastTransitionTime of
/// its condition Ready.
std::string export_status_document(ExportKind kind, const std::string& name, const ExportSource& source,
                                   const ExportContent& content, const Settings& settings,
                                   std::int64_t generation, UnixTime ready_since);

/// True for an object that the controller has made of another's content.
bool is_export(const oci::Json& object);

/// What is remembered of an export in the cluster: enough to tell whether it is as it should be.
struct ExportState {
  // Of the controlling owner; empty without one.
  std::string owner_uid;
  std::string owner_api_version;
  std::string owner_kind;
  std::string owner_name;
  // Fingerprints of what the controller writes, but for times.
  std::string main;
  std::string status;
  std::string digest;  ///< Of the layer; empty where the kind does not say it.
  std::int64_t generation = 1;
  UnixTime updated{};      ///< lastUpdateTime
  UnixTime ready_since{};  ///< Zero where it is not Ready.
};
/// `object` is the JSON of the API server, or of one of the documents above.
ExportState export_state(ExportKind kind, std::string_view object);
/// As the cache keeps it, and back.
std::string to_json(const ExportState& state);
ExportState parse_export_state(std::string_view json);

}  // namespace lamina::controller
