// SPDX-License-Identifier: Apache-2.0
#include "controller/snapshot.h"

#include <algorithm>
#include <utility>

#include "controller/fields.h"
#include "oci/json_writer.h"

namespace lamina::controller {
namespace {

std::unexpected<Trouble> invalid(std::string_view field, const Error& error) {
  return std::unexpected(Trouble{.reason = Reason::kInvalidSpec,
                                 .message = "spec." + std::string(field) + ": " + error.message});
}

std::vector<Export> parse_exports(std::string_view text) {
  std::vector<Export> exports;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view entry = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t begin = std::min(entry.find_first_not_of(' '), entry.size());
    entry = entry.substr(begin, entry.find_last_not_of(' ') + 1 - begin);
    if (entry.empty()) continue;
    const std::size_t slash = entry.find('/');
    exports.push_back({.kind = std::string(entry.substr(0, slash)),
                       .name = std::string(slash == entry.npos ? "" : entry.substr(slash + 1))});
  }
  return exports;
}

Result<RepositoryName> repository_of(const Snapshot& snapshot) {
  if (snapshot.of_toolkit) return RepositoryName::parse(snapshot.repository);
  return lamina::repository_of(snapshot.identity, NamingScheme::kOcmV1);
}

std::string name_of(const HeldManifest& manifest) {
  return manifest.repository.str() + '@' + manifest.digest.to_string();
}

std::optional<HeldManifest> parse_manifest_name(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == text.npos) return std::nullopt;
  auto repository = RepositoryName::parse(text.substr(0, at));
  const auto digest = Digest::parse(text.substr(at + 1));
  if (!repository || !digest) return std::nullopt;
  return HeldManifest{.repository = *std::move(repository), .digest = *digest};
}

std::string_view condition_of(SnapshotMode mode) {
  return mode == SnapshotMode::kObserve ? condition::kContentVerified : condition::kReady;
}

Condition verdict(std::string_view type, const Conditions& before, const kube::Object& object,
                  const Trouble* trouble, std::string success, UnixTime now) {
  const ReasonRow& row = row_of(trouble == nullptr ? Reason::kSucceeded : trouble->reason);
  return {.type = std::string(type),
          .status = trouble == nullptr ? "True" : "False",
          .reason = std::string(row.name),
          .message = trouble == nullptr ? std::move(success)
                                        : steady_message(before, type, row.name, trouble->message),
          .since = now,
          .observed_generation = object.generation};
}

/// Keeps a member as it is, where it is there.
void keep(oci::JsonWriter& json, const oci::Json* object, std::string_view name) {
  if (const oci::Json* member = fields::find(object, name)) json.name(name).raw(kube::to_text(*member));
}

}  // namespace

const kube::ResourceType& snapshot_type() { return type_of(ExportKind::kSnapshot); }

bool Snapshot::has_finalizer() const {
  return std::ranges::find(finalizers, kSnapshotFinalizer) != finalizers.end();
}

Result<Snapshot> read_snapshot(std::string_view json) {
  LAMINA_ASSIGN(const oci::Json object, oci::parse_json(json));
  Snapshot snapshot;
  if (const oci::Json* spec = object.find("spec")) {
    snapshot.repository = fields::text(spec, "repository");
    snapshot.of_toolkit = !snapshot.repository.empty() && spec->find("identity") == nullptr;
    for (auto& [key, value] : fields::texts(spec->find("identity"))) snapshot.identity.emplace(key, value);
    snapshot.digest = fields::text(spec, "digest");
    snapshot.tag = fields::text(spec, "tag");
    snapshot.suspend = fields::boolean(*spec, "suspend");
  }
  if (const oci::Json* status = object.find("status")) {
    snapshot.status = {.observed_generation = fields::integer(*status, "observedGeneration"),
                       .conditions = read_conditions(status->find("conditions")),
                       .digest = fields::text(status, "digest"),
                       .tag = fields::text(status, "tag"),
                       .repository_url = fields::text(status, "repositoryURL")};
  }
  const oci::Json* metadata = object.find("metadata");
  for (const oci::Json& finalizer : fields::array(fields::find(metadata, "finalizers"))) {
    if (const auto* name = finalizer.as<std::string>()) snapshot.finalizers.push_back(*name);
  }
  const oci::Json* annotations = fields::find(metadata, "annotations");
  snapshot.manifest = parse_manifest_name(fields::text(annotations, kManifestAnnotation));
  snapshot.request = fields::text(annotations, kRequestAnnotation);
  snapshot.exports = parse_exports(fields::text(annotations, kExportsAnnotation));
  snapshot.exported = is_export(object);
  return snapshot;
}

std::string kept_of_snapshot(const kube::Object& object) {
  const auto whole = oci::parse_json(object.json);
  if (!whole) return object.json;
  const oci::Json* metadata = whole->find("metadata");
  const oci::Json* annotations = fields::find(metadata, "annotations");
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object();
  json.name("metadata").begin_object();
  keep(json, metadata, "finalizers");
  json.name("annotations").begin_object();
  for (const auto name : {kManifestAnnotation, kExportsAnnotation, kRequestAnnotation})
    keep(json, annotations, name);
  json.end_object();
  if (is_export(*whole)) {
    keep(json, metadata, "labels");
    keep(json, metadata, "ownerReferences");
  }
  json.end_object();
  keep(json, &*whole, "spec");
  keep(json, &*whole, "status");
  json.end_object();
  return json.take();
}

std::expected<SnapshotPlan, Trouble> plan_of(const Snapshot& snapshot, const kube::Object& object,
                                             const Settings& settings) {
  auto repository = repository_of(snapshot);
  if (!repository) return invalid(snapshot.of_toolkit ? "repository" : "identity", repository.error());
  const std::string& namespace_name = object.key.namespace_name;
  if (!settings.tenancy.allows(namespace_name, *repository)) {
    return std::unexpected(Trouble{.reason = Reason::kAccessDenied,
                                   .message = "objects of namespace " + namespace_name +
                                              " may not name repository " + repository->str() +
                                              ": it needs a rule that allows it (--allow-repository '" +
                                              namespace_name + "=sha-*')"});
  }
  const auto digest = Digest::parse(snapshot.digest);
  if (!digest) return invalid("digest", digest.error());
  SnapshotPlan plan{.reference = {.registry = settings.registry, .repository = *std::move(repository)}};
  if (snapshot.of_toolkit) {
    plan.reference.digest = *digest;
    return plan;
  }
  auto tag = Tag::parse(snapshot.tag);
  if (!tag) return invalid("tag", tag.error());
  plan.reference.tag = *std::move(tag);
  plan.expected.layer_digest = *digest;
  return plan;
}

std::vector<HeldManifest> held_manifests(const Snapshot& snapshot, const kube::Object& object,
                                         const Settings& settings) {
  std::optional<HeldManifest> held = snapshot.manifest;
  if (snapshot.of_toolkit) {
    const auto plan = plan_of(snapshot, object, settings);
    if (plan) held = {.repository = plan->reference.repository, .digest = plan->reference.digest.value()};
  }
  // Whoever may write the annotation may not hold what the namespace may not read.
  if (object.deleting || !held || !settings.tenancy.allows(object.key.namespace_name, held->repository))
    return {};
  return {*std::move(held)};
}

bool is_verified(const Snapshot& snapshot, const kube::Object& object, SnapshotMode mode) {
  const Condition* verified = find_condition(snapshot.status.conditions, condition_of(mode));
  return verified != nullptr && verified->status == "True" &&
         verified->observed_generation == object.generation && snapshot.manifest.has_value();
}

SnapshotStatus verified_status(const Snapshot& snapshot, const kube::Object& object, const SnapshotPlan& plan,
                               const Settings& settings, UnixTime now) {
  SnapshotStatus status = snapshot.status;
  status.observed_generation = object.generation;
  status.digest = snapshot.digest;
  status.tag = snapshot.tag;
  status.repository_url = (settings.plain_http ? "http://" : "https://") + settings.registry + '/' +
                          plan.reference.repository.str();
  remove_condition(status.conditions, condition::kReconciling);
  remove_condition(status.conditions, condition::kStalled);
  remove_condition(status.conditions, condition::kContentVerified);
  set_condition(status.conditions, verdict(condition::kReady, status.conditions, object, nullptr,
                                           "Snapshot with name '" + object.key.name + "' is ready", now));
  return status;
}

SnapshotStatus failed_status(const Snapshot& snapshot, const kube::Object& object, const Trouble& trouble,
                             UnixTime now) {
  SnapshotStatus status = snapshot.status;
  const ReasonRow& row = row_of(trouble.reason);
  Condition ready = verdict(condition::kReady, status.conditions, object, &trouble, {}, now);
  remove_condition(status.conditions, condition::kContentVerified);
  remove_condition(status.conditions, row.stalled ? condition::kReconciling : condition::kStalled);
  set_condition(status.conditions,
                {.type = std::string(row.stalled ? condition::kStalled : condition::kReconciling),
                 .status = "True",
                 .reason = std::string(row.stalled ? row.name : "ProgressingWithRetry"),
                 .message = ready.message,
                 .since = now,
                 .observed_generation = object.generation});
  set_condition(status.conditions, std::move(ready));
  return status;
}

Conditions observed_conditions(const Snapshot& snapshot, const kube::Object& object, const Trouble* trouble,
                               UnixTime now) {
  Conditions conditions = snapshot.status.conditions;
  set_condition(conditions, verdict(condition::kContentVerified, conditions, object, trouble,
                                    "verified layer " + snapshot.digest + " of tag " + snapshot.tag, now));
  return conditions;
}

std::string status_document(const kube::Object& object, const SnapshotStatus& status) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object();
  json.name("apiVersion").string(snapshot_type().api_version());
  json.name("kind").string(snapshot_type().kind);
  json.name("metadata").begin_object();
  json.name("namespace").string(object.key.namespace_name);
  json.name("name").string(object.key.name);
  // An object of the same name that came in between must not get it.
  json.name("uid").string(object.uid);
  json.end_object();
  json.name("status").begin_object();
  if (status.observed_generation > 0) json.name("observedGeneration").integer(status.observed_generation);
  if (!status.digest.empty()) json.name("digest").string(status.digest);
  if (!status.tag.empty()) json.name("tag").string(status.tag);
  if (!status.repository_url.empty()) json.name("repositoryURL").string(status.repository_url);
  json.name("conditions");
  write_conditions(json, status.conditions);
  json.end_object().end_object();
  return json.take();
}

std::string conditions_patch(const std::string& resource_version, const Conditions& conditions) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object();
  json.name("metadata").begin_object().name("resourceVersion").string(resource_version).end_object();
  json.name("status").begin_object().name("conditions");
  write_conditions(json, conditions);
  json.end_object().end_object();
  return json.take();
}

std::string metadata_patch(const Snapshot& snapshot, const kube::Object& object, bool with_finalizer,
                           const std::optional<HeldManifest>& manifest) {
  const bool finalize = with_finalizer && !snapshot.has_finalizer();
  const bool annotate = manifest && (!snapshot.manifest || name_of(*manifest) != name_of(*snapshot.manifest));
  if (!finalize && !annotate) return {};
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object().name("metadata").begin_object();
  json.name("uid").string(object.uid);
  if (finalize) {
    // The list is written whole, so it must be the one that was read.
    json.name("resourceVersion").string(object.resource_version);
    json.name("finalizers").begin_array();
    for (const std::string& finalizer : snapshot.finalizers) json.string(finalizer);
    json.string(kSnapshotFinalizer).end_array();
  }
  if (annotate)
    json.name("annotations").begin_object().name(kManifestAnnotation).string(name_of(*manifest)).end_object();
  json.end_object().end_object();
  return json.take();
}

std::string finalizer_removal(const Snapshot& snapshot) {
  const auto found = std::ranges::find(snapshot.finalizers, kSnapshotFinalizer);
  const std::string path = "/metadata/finalizers/" + std::to_string(found - snapshot.finalizers.begin());
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_array();
  json.begin_object().name("op").string("test").name("path").string(path);
  json.name("value").string(kSnapshotFinalizer).end_object();
  json.begin_object().name("op").string("remove").name("path").string(path).end_object();
  json.end_array();
  return json.take();
}

Result<void> check_snapshot_schema(std::string_view crd) {
  LAMINA_ASSIGN(const oci::Json json, oci::parse_json(crd));
  for (const oci::Json& version : fields::array(fields::find(json.find("spec"), "versions"))) {
    if (fields::text(version, "name") != snapshot_type().version) continue;
    const oci::Json* member = &version;
    for (const char* name : {"schema", "openAPIV3Schema", "properties", "spec", "properties"}) {
      member = fields::find(member, name);
    }
    if (fields::find(member, "identity") != nullptr) return {};
    return fail(
        Code::kUnsupported,
        "expected the CRD of Snapshots of ocm-controller v1, with spec.identity, found that of another "
        "product (of ocm-k8s-toolkit, if it has spec.repository): start with --snapshots=observe");
  }
  return fail(Code::kUnsupported, "expected a CRD of Snapshots with version " + snapshot_type().version);
}

}  // namespace lamina::controller
