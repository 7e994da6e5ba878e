// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "cluster/cluster_impl.h"
#include "cluster/json_read.h"
#include "cluster/kinds.h"
#include "cluster/references.h"
#include "cluster/resource.h"

namespace lamina {
namespace cluster {
namespace {

Result<void> each_object(kube::Api& api, const kube::ResourceType& type, const kube::ListOptions& options,
                         const std::function<Result<void>(const oci::Json&)>& on_object) {
  std::string next;
  do {
    LAMINA_ASSIGN(kube::Page page, api.list(type, options, next));
    for (const kube::Object& item : page.items) {
      LAMINA_ASSIGN(const oci::Json json, oci::parse_json(item.json));
      LAMINA_TRY(on_object(json));
    }
    next = std::move(page.next);
  } while (!next.empty());
  return {};
}

bool is_owned_by(const oci::Json& object, const std::string& uid) {
  const oci::Json* found = find_at(object, "metadata.ownerReferences");
  const auto* owners = found != nullptr ? found->as<oci::Json::Array>() : nullptr;
  return owners != nullptr &&
         std::ranges::any_of(*owners, [&](const oci::Json& owner) { return text_at(owner, "uid") == uid; });
}

/// What an object without a reference says of itself, for the message that it has none.
std::string state_of(const oci::Json& object) {
  const Readiness readiness = readiness_of(object);
  if (!readiness.stated || readiness.ready) return {};
  return "; it is not ready: " + readiness.reason + ": " + readiness.message;
}

Result<ObjectReference> owned_reference(kube::Api& api, const oci::Json& owner) {
  const ObjectId id = id_of(owner);
  std::vector<ObjectReference> found;
  std::string refused;
  for (const kube::ResourceType& type : owned_types()) {
    const auto listed = each_object(
        api, type, {.namespace_name = id.namespace_name, .label_selector = {}, .field_selector = {}},
        [&](const oci::Json& object) -> Result<void> {
          if (!is_owned_by(object, id.uid)) return {};
          LAMINA_ASSIGN(Statement statement, read_reference(object));
          if (auto* reference = std::get_if<ObjectReference>(&statement))
            found.push_back(std::move(*reference));
          return {};
        });
    if (listed || listed.error().code == Code::kNotFound) continue;  // No such CRD here.
    if (listed.error().code != Code::kDenied) return std::unexpected(listed.error());
    refused += "; " + listed.error().message;
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.empty()) {
    return fail(refused.empty() ? Code::kNotFound : Code::kDenied,
                describe(id) +
                    " refers to no artifact: it has neither status.snapshotName, status.ociArtifact "
                    "nor status.artifact, and owns no OCIArtifact, Snapshot, Artifact or "
                    "ExternalArtifact" +
                    state_of(owner) + refused);
  }
  Error error{Code::kConflict, About::kNothing,
              describe(id) + " owns several objects with an artifact; name the one that is meant:"};
  for (const ObjectReference& reference : found) {
    error.detail.push_back(reference.carrier.object_name().to_string());
    error.message += " " + error.detail.back();
  }
  return std::unexpected(std::move(error));
}

Result<ObjectReference> snapshot_reference(kube::Api& api, const ObjectId& producer,
                                           const std::string& name) {
  if (name.empty()) {
    return fail(Code::kNotFound, describe(producer) + " has not named a Snapshot yet (status.snapshotName)");
  }
  auto found = api.get(snapshot_type(), {producer.namespace_name, name});
  if (!found) {
    found.error().message =
        describe(producer) + " names the Snapshot " + name + ": " + std::move(found.error().message);
    return std::unexpected(std::move(found).error());
  }
  LAMINA_ASSIGN(const oci::Json json, oci::parse_json(found->json));
  LAMINA_ASSIGN(Statement statement, read_reference(json));
  return std::get<ObjectReference>(std::move(statement));
}

}  // namespace

std::vector<kube::ResourceType> owned_types() {
  return {oci_artifact_type(), snapshot_type(), artifact_type(), external_artifact_type()};
}

Result<Sight> look(kube::Api& api, const kube::ResourceType& type, const ObjectName& name) {
  LAMINA_ASSIGN(const kube::Object object,
                api.get(type, {type.namespaced ? name.namespace_name : std::string(), name.name}));
  LAMINA_ASSIGN(const oci::Json json, oci::parse_json(object.json));
  auto statement = read_reference(json);
  if (!statement) return Sight{.reference = std::unexpected(std::move(statement).error())};
  if (auto* reference = std::get_if<ObjectReference>(&*statement))
    return Sight{.reference = std::move(*reference)};
  if (const auto* snapshot = std::get_if<SnapshotName>(&*statement)) {
    return Sight{.reference = snapshot_reference(api, id_of(json), snapshot->name),
                 .snapshot = snapshot->name};
  }
  return Sight{.reference = owned_reference(api, json), .owned = true};
}

}  // namespace cluster

Result<ObjectReference> Cluster::resolve(const ObjectName& object) {
  LAMINA_ASSIGN(const kube::ResourceType type, impl_->api->resolve_type(object.kind));
  LAMINA_ASSIGN(cluster::Sight sight, cluster::look(*impl_->api, type, object));
  return std::move(sight.reference);
}

Result<std::vector<ObjectReference>> Cluster::find(const Identity& identity,
                                                   std::string_view namespace_name) {
  if (identity.empty()) return fail(Code::kInvalid, "expected a part of an identity, found none");
  std::vector<ObjectReference> found;
  LAMINA_TRY(cluster::each_object(
      *impl_->api, cluster::oci_artifact_type(),
      {.namespace_name = std::string(namespace_name),
       .label_selector = cluster::identity_selector(identity),
       .field_selector = {}},
      [&](const oci::Json& object) -> Result<void> {
        LAMINA_ASSIGN(cluster::Statement statement, cluster::read_reference(object));
        auto& reference = std::get<ObjectReference>(statement);
        // Labels hold a part of a digest each, so what they find is a guess.
        const bool same = reference.identity && std::ranges::includes(*reference.identity, identity);
        if (same) found.push_back(std::move(reference));
        return {};
      }));
  return found;
}

}  // namespace lamina
