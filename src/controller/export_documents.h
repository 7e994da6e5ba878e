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

/// The source's name; for an Artifact lower(`<kind>-<namespace>-<name>`), as openfluxcd names them, where that
/// is not too long for a name.
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
  /// When the content last changed. Zero: not known; the export's own time stays as long as its digest does.
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

/// An export as it is to be. Documents are for server-side apply.
struct ExportDocuments {
  std::string main;    ///< All but the status.
  std::string status;  ///< Empty where the kind's controller writes it.
};
/// `updated` is the time to write; `ready_since` the lastTransitionTime of Ready where there is such a
/// condition.
std::expected<ExportDocuments, ExportTrouble> make_export(ExportKind kind, const std::string& name,
                                                          const ExportSource& source,
                                                          const ExportContent& content,
                                                          const Settings& settings, UnixTime updated,
                                                          UnixTime ready_since);

/// What the controller remembers of an export in the cluster: enough to tell whether it is as it should be.
struct ExportState {
  std::string owner_uid;  ///< Of the controlling owner.
  std::string owner_api_version;
  std::string owner_kind;
  std::string owner_name;
  /// Of the fields that the controller writes, but for times.
  std::string main;
  std::string status;
  std::string digest;  ///< Of the layer; empty where the kind does not say it.
  UnixTime updated{};
  UnixTime ready_since{};
  friend bool operator==(const ExportState&, const ExportState&) = default;
};
/// `object` is JSON of the API server, or of a document of make_export() (with `status` beside it).
ExportState export_state(ExportKind kind, const oci::Json& object);
/// As the cache keeps it, and back.
std::string to_json(const ExportState& state);
ExportState parse_export_state(std::string_view json);

}  // namespace lamina::controller
