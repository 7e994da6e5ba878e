// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cluster/cluster_impl.h"
#include "cluster/manifests.h"
#include "cluster/references.h"
#include "lamina/kubernetes.h"

namespace lamina {
namespace {

Result<ObjectId> apply_document(kube::Api& api, const std::string& document, std::string_view field_manager,
                                std::string_view namespace_name) {
  LAMINA_ASSIGN(const oci::Json json, oci::parse_json(document));
  ObjectId id = cluster::id_of(json);
  if (id.api_version.empty() || id.kind.empty() || id.name.empty()) {
    return fail(Code::kInvalid, "expected apiVersion, kind and metadata.name in each document");
  }
  LAMINA_ASSIGN(const kube::ResourceType type, cluster::type_of(api, id));
  if (!type.namespaced) id.namespace_name.clear();
  if (type.namespaced && id.namespace_name.empty()) id.namespace_name = namespace_name;
  auto applied =
      api.patch(type, {id.namespace_name, id.name}, kube::PatchType::kApply, document,
                {.field_manager = std::string(field_manager), .force = true, .metadata_only = true});
  if (!applied) {
    applied.error().message = cluster::describe(id) + ": " + std::move(applied.error().message);
    return std::unexpected(std::move(applied).error());
  }
  id.uid = applied->uid;
  return id;
}

}  // namespace

Result<std::vector<ObjectId>> Cluster::apply(std::string_view manifests, std::string_view field_manager,
                                             std::string_view namespace_name) {
  LAMINA_ASSIGN(const std::vector<std::string> documents, cluster::read_documents(manifests));
  std::vector<ObjectId> applied;
  for (const std::string& document : documents) {
    LAMINA_ASSIGN(applied.emplace_back(),
                  apply_document(*impl_->api, document, field_manager, namespace_name));
  }
  return applied;
}

}  // namespace lamina
