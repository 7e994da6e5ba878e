// SPDX-License-Identifier: Apache-2.0
#include "controller/export_documents.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>
#include <vector>

#include "controller/conditions.h"
#include "controller/fields.h"
#include "http/target.h"
#include "kube/time.h"
#include "oci/file_name.h"
#include "oci/json_writer.h"

namespace lamina::controller {
namespace {

constexpr std::size_t kMaxNameLength = 253;
constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";

const std::string& registry_of(const ExportContent& content, const Settings& settings) {
  return content.access != nullptr ? content.access->host : settings.registry;
}

void write_texts(oci::JsonWriter& json, const auto& texts) {
  json.begin_object();
  for (const auto& [name, text] : texts) json.name(name).string(text);
  json.end_object();
}

/// Begins a document, up to and with the name of the object.
void begin_document(oci::JsonWriter& json, ExportKind kind, const std::string& name,
                    const ExportSource& source) {
  const kube::ResourceType& type = type_of(kind);
  json.begin_object();
  json.name("apiVersion").string(type.api_version());
  json.name("kind").string(type.kind);
  json.name("metadata").begin_object();
  json.name("name").string(name);
  json.name("namespace").string(source.object.key.namespace_name);
}

/// Fields that ExternalArtifact.status.artifact and Artifact.spec share.
void write_file(oci::JsonWriter& json, const ExportContent& content, const Settings& settings) {
  json.name("url").string(file_url(settings, content.repository, content.content));
  json.name("digest").string(content.content.layer.digest.to_string());
  json.name("revision").string(content.revision);
  json.name("size").integer(content.content.layer.size);
  json.name("lastUpdateTime").string(kube::format_time(content.updated));
  if (!content.metadata.empty()) {
    json.name("metadata");
    write_texts(json, content.metadata);
  }
}

void write_spec(oci::JsonWriter& json, ExportKind kind, const ExportSource& source,
                const ExportContent& content, const Settings& settings) {
  switch (kind) {
    case ExportKind::kExternalArtifact:
      json.name("sourceRef").begin_object();
      json.name("apiVersion").string(source.type.api_version());
      json.name("kind").string(source.type.kind);
      json.name("name").string(source.object.key.name);
      json.end_object();
      return;
    case ExportKind::kOciRepository: {
      const RegistryAccess* access = content.access;
      json.name("url").string("oci://" + registry_of(content, settings) + "/" + content.repository.str());
      json.name("ref").begin_object();
      json.name("digest").string(content.content.manifest.digest.to_string());
      json.end_object();
      json.name("layerSelector").begin_object();
      json.name("mediaType").string(content.content.layer.media_type);
      json.name("operation").string("copy");
      json.end_object();
      // A digest never names other content: this is for Flux to look after its own copy.
      json.name("interval").string("1h");
      json.name("insecure").boolean(access != nullptr ? access->plain_http : settings.plain_http);
      if (access != nullptr && !access->credentials_secret.empty()) {
        json.name("secretRef").begin_object().name("name").string(access->credentials_secret).end_object();
      }
      if (access != nullptr && !access->tls_secret.empty()) {
        json.name("certSecretRef").begin_object().name("name").string(access->tls_secret).end_object();
      }
      return;
    }
    case ExportKind::kArtifact: write_file(json, content, settings); return;
    case ExportKind::kSnapshot:
      json.name("identity");
      write_texts(json, content.identity);
      json.name("digest").string(content.content.layer.digest.to_string());
      json.name("tag").string(content.tag);
      return;
  }
}

/// Objects get their members in order, so that equal values are equal texts.
void append_canonical(oci::JsonWriter& json, const oci::Json* value) {
  if (value == nullptr) {
    json.raw("null");
  } else if (const auto* object = value->as<oci::Json::Object>()) {
    std::vector<const oci::Json::Member*> members;
    for (const auto& member : *object) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) -> const std::string& { return member->name; });
    json.begin_object();
    for (const auto* member : members) append_canonical(json.name(member->name), &member->value);
    json.end_object();
  } else {
    json.raw(kube::to_text(*value));
  }
}

/// Paths in an object of two names at most; what a controller writes, and nothing that others or the server
/// add.
struct Path {
  std::string_view first;
  std::string_view second{};
};

std::span<const Path> spec_paths(ExportKind kind) {
  static constexpr std::array kExternalArtifact{Path{"sourceRef"}};
  static constexpr std::array kOciRepository{Path{"url"},
                                             Path{"ref", "digest"},
                                             Path{"layerSelector", "mediaType"},
                                             Path{"interval"},
                                             Path{"insecure"},
                                             Path{"layerSelector", "operation"},
                                             Path{"secretRef", "name"},
                                             Path{"certSecretRef", "name"}};
  static constexpr std::array kArtifact{Path{"url"}, Path{"digest"}, Path{"revision"}, Path{"size"},
                                        Path{"metadata"}};
  static constexpr std::array kSnapshot{Path{"identity"}, Path{"digest"}, Path{"tag"}};
  switch (kind) {
    case ExportKind::kExternalArtifact: return kExternalArtifact;
    case ExportKind::kOciRepository: return kOciRepository;
    case ExportKind::kArtifact: return kArtifact;
    case ExportKind::kSnapshot: return kSnapshot;
  }
  std::unreachable();
}

void append_paths(oci::JsonWriter& json, const oci::Json* object, std::span<const Path> paths) {
  for (const Path& path : paths) {
    const oci::Json* value = fields::find(object, path.first);
    append_canonical(json, path.second.empty() ? value : fields::find(value, path.second));
  }
}

/// 64 bits: two states are compared, not many searched.
std::string fingerprint(oci::JsonWriter& json) {
  constexpr std::size_t kDigits = 16;
  return Digest::of(json.end_array().take()).hex().substr(0, kDigits);
}

const oci::Json* controller_of(const oci::Json* metadata) {
  for (const oci::Json& owner : fields::array(fields::find(metadata, "ownerReferences"))) {
    if (fields::boolean(owner, "controller")) return &owner;
  }
  return nullptr;
}

}  // namespace

std::optional<ExportKind> parse_export_kind(std::string_view kind) {
  for (std::size_t index = 0; index < kExportKinds; ++index) {
    const auto candidate = static_cast<ExportKind>(index);
    if (type_of(candidate).kind == kind) return candidate;
  }
  return std::nullopt;
}

const kube::ResourceType& type_of(ExportKind kind) {
  // In the order of ExportKind.
  static const std::array<kube::ResourceType, kExportKinds> kTypes{
      kube::ResourceType{"source.toolkit.fluxcd.io", "v1", "externalartifacts", "ExternalArtifact"},
      kube::ResourceType{"source.toolkit.fluxcd.io", "v1", "ocirepositories", "OCIRepository"},
      kube::ResourceType{"openfluxcd.ocm.software", "v1alpha1", "artifacts", "Artifact"},
      kube::ResourceType{"delivery.ocm.software", "v1alpha1", "snapshots", "Snapshot"},
  };
  return kTypes[static_cast<std::size_t>(kind)];
}

std::string default_name(ExportKind kind, const ExportSource& source) {
  const kube::ObjectKey& key = source.object.key;
  if (kind != ExportKind::kArtifact) return key.name;
  std::string name = source.type.kind + '-' + key.namespace_name + '-' + key.name;
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.size() <= kMaxNameLength ? name : key.name;
}

std::string revision_of(std::string_view human, const Digest& layer) {
  return human.empty() ? layer.to_string() : std::string(human) + '@' + layer.to_string();
}

std::string file_path(const RepositoryName& repository, const Content& content) {
  return "files/" + repository.str() + '/' + content.manifest.digest.to_string() + '/' +
         http::percent_encode(oci::file_name(content.layer));
}

std::string file_url(const Settings& settings, const RepositoryName& repository, const Content& content) {
  if (settings.advertise_url.empty()) return {};
  return settings.advertise_url + '/' + file_path(repository, content);
}

bool is_helm_chart(std::string_view layer_media_type) {
  return layer_media_type.starts_with("application/vnd.cncf.helm.chart.content.") &&
         layer_media_type.ends_with("tar+gzip");
}

bool is_archive(std::string_view layer_media_type) {
  static constexpr std::array<std::string_view, 5> kOthers{"application/gzip", "application/x-gzip",
                                                           "application/x-tgz", "application/x-gtar",
                                                           "application/x-tar+gzip"};
  // tar+gzip of OCI, Flux and Helm; tar.gzip of Docker.
  return layer_media_type.ends_with("tar+gzip") || layer_media_type.ends_with("tar.gzip") ||
         std::ranges::find(kOthers, layer_media_type) != kOthers.end();
}

std::optional<ExportTrouble> why_not(ExportKind kind, const ExportContent& content,
                                     const Settings& settings) {
  // Flux copies the layer as it is: what is in it is its consumers' affair.
  if (kind == ExportKind::kOciRepository) return std::nullopt;
  if (kind != ExportKind::kSnapshot && !is_archive(content.content.layer.media_type)) {
    return ExportTrouble{"UnsupportedLayer",
                         "expected a layer that is a gzipped tar or a Helm chart, such as "
                         "application/vnd.oci.image.layer.v1.tar+gzip, found " +
                             content.content.layer.media_type};
  }
  if (content.access != nullptr) {
    return ExportTrouble{"UnsupportedRegistry", "expected content of Lamina's own registry, found it in " +
                                                    content.access->host +
                                                    "; export it as an OCIRepository, or copy it"};
  }
  if (kind != ExportKind::kSnapshot) {
    if (!settings.advertise_url.empty()) return std::nullopt;
    return ExportTrouble{
        "NoAdvertiseURL",
        "the controller does not know the address of the file face: start it with --advertise-url"};
  }
  if (content.identity.empty() || content.tag.empty()) {
    return ExportTrouble{"UnsupportedRepository",
                         "a Snapshot names its content by identity and tag: set spec.identity and spec.tag"};
  }
  const auto repository = repository_of(content.identity, NamingScheme::kOcmV1);
  if (!repository || *repository != content.repository) {
    return ExportTrouble{"UnsupportedRepository",
                         "readers of a Snapshot look for its identity in repository " +
                             (repository ? repository->str() : std::string("sha-...")) +
                             ", the content is in " + content.repository.str() +
                             ": publish it with scheme ocm-v1"};
  }
  return std::nullopt;
}

std::string export_document(ExportKind kind, const std::string& name, const ExportSource& source,
                            const ExportContent& content, const Settings& settings) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  begin_document(json, kind, name, source);
  json.name("labels").begin_object().name(kManagedBy).string(kManager).end_object();
  json.name("ownerReferences").begin_array().begin_object();
  json.name("apiVersion").string(source.type.api_version());
  json.name("kind").string(source.type.kind);
  json.name("name").string(source.object.key.name);
  json.name("uid").string(source.object.uid);
  json.name("controller").boolean(true);
  json.end_object().end_array();
  json.end_object();
  json.name("spec").begin_object();
  write_spec(json, kind, source, content, settings);
  json.end_object().end_object();
  return json.take();
}

bool has_status(ExportKind kind) { return kind == ExportKind::kExternalArtifact; }

std::string export_status_document(ExportKind kind, const std::string& name, const ExportSource& source,
                                   const ExportContent& content, const Settings& settings,
                                   std::int64_t generation, UnixTime ready_since) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  begin_document(json, kind, name, source);
  json.end_object();
  json.name("status").begin_object();
  json.name("artifact").begin_object();
  json.name("path").string(file_path(content.repository, content.content));
  write_file(json, content, settings);
  json.end_object();
  json.name("conditions");
  write_conditions(json, {{.type = std::string(condition::kReady),
                           .status = "True",
                           .reason = std::string(row_of(Reason::kSucceeded).name),
                           .message = "Artifact is ready",
                           .since = ready_since,
                           .observed_generation = generation}});
  json.end_object().end_object();
  return json.take();
}

bool is_export(const oci::Json& object) {
  const oci::Json* metadata = object.find("metadata");
  return fields::text(fields::find(metadata, "labels"), kManagedBy) == kManager &&
         controller_of(metadata) != nullptr;
}

ExportState export_state(ExportKind kind, std::string_view object) {
  const auto parsed = oci::parse_json(object);
  if (!parsed) return {};
  const oci::Json* metadata = parsed->find("metadata");
  const oci::Json* owner = controller_of(metadata);
  const oci::Json* spec = parsed->find("spec");
  const oci::Json* status = parsed->find("status");
  const oci::Json* file = kind == ExportKind::kArtifact ? spec : fields::find(status, "artifact");
  ExportState state{.owner_uid = fields::text(owner, "uid"),
                    .owner_api_version = fields::text(owner, "apiVersion"),
                    .owner_kind = fields::text(owner, "kind"),
                    .owner_name = fields::text(owner, "name"),
                    .main = {},
                    .status = {},
                    .digest = fields::text(file, "digest"),
                    .generation = metadata == nullptr ? 1 : fields::integer(*metadata, "generation")};
  if (file != nullptr) state.updated = fields::time(*file, "lastUpdateTime");

  oci::JsonWriter main;
  main.begin_array();
  main.string(fields::text(fields::find(metadata, "labels"), kManagedBy));
  main.string(state.owner_uid)
      .string(state.owner_api_version)
      .string(state.owner_kind)
      .string(state.owner_name);
  append_paths(main, spec, spec_paths(kind));
  state.main = fingerprint(main);

  if (has_status(kind) && file != nullptr) {
    static constexpr std::array kFile{Path{"url"},      Path{"path"}, Path{"digest"},
                                      Path{"revision"}, Path{"size"}, Path{"metadata"}};
    oci::JsonWriter written;
    written.begin_array();
    append_paths(written, file, kFile);
    for (const Condition& condition : read_conditions(fields::find(status, "conditions"))) {
      written.string(condition.type)
          .string(condition.status)
          .string(condition.reason)
          .string(condition.message);
      if (condition.type == condition::kReady && condition.status == "True")
        state.ready_since = condition.since;
    }
    state.status = fingerprint(written);
  }
  return state;
}

std::string to_json(const ExportState& state) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object();
  json.name("uid").string(state.owner_uid);
  json.name("apiVersion").string(state.owner_api_version);
  json.name("kind").string(state.owner_kind);
  json.name("name").string(state.owner_name);
  json.name("main").string(state.main);
  json.name("status").string(state.status);
  json.name("digest").string(state.digest);
  json.name("generation").integer(state.generation);
  json.name("updated").string(kube::format_time(state.updated));
  json.name("readySince").string(kube::format_time(state.ready_since));
  json.end_object();
  return json.take();
}

ExportState parse_export_state(std::string_view json) {
  const auto parsed = oci::parse_json(json);
  if (!parsed) return {};
  return {.owner_uid = fields::text(*parsed, "uid"),
          .owner_api_version = fields::text(*parsed, "apiVersion"),
          .owner_kind = fields::text(*parsed, "kind"),
          .owner_name = fields::text(*parsed, "name"),
          .main = fields::text(*parsed, "main"),
          .status = fields::text(*parsed, "status"),
          .digest = fields::text(*parsed, "digest"),
          .generation = fields::integer(*parsed, "generation"),
          .updated = fields::time(*parsed, "updated"),
          .ready_since = fields::time(*parsed, "readySince")};
}

}  // namespace lamina::controller
