// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cluster/cluster_impl.h"
#include "cluster/json_read.h"
#include "cluster/kinds.h"
#include "cluster/references.h"
#include "kube/config.h"
#include "lamina/kubernetes.h"

namespace lamina {
Result<Cluster> Cluster::connect(const ClusterOptions& options) {
  LAMINA_ASSIGN(kube::Config config,
                kube::load_config({.kubeconfig = options.kubeconfig, .context = options.context}));
  auto clock = std::make_unique<SystemClock>();
  auto api = kube::make_api(std::move(config), *clock, options.user_agent);
  return Cluster(std::make_unique<Impl>(std::move(api), std::move(clock)));
}

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cluster::Cluster(Cluster&&) noexcept = default;
Cluster& Cluster::operator=(Cluster&&) noexcept = default;
Cluster::~Cluster() = default;

Result<std::string> Cluster::uid() { return impl_->uid(); }

Result<std::string> Cluster::Impl::uid() {
  const std::lock_guard lock(mutex);
  if (cluster_uid.empty()) {
    const kube::ResourceType namespaces{
        .group = {}, .version = "v1", .plural = "namespaces", .kind = "Namespace", .namespaced = false};
    auto found = api->get(namespaces, {.namespace_name = {}, .name = "kube-system"});
    if (!found) {
      found.error().message =
          "the cluster is told by the uid of its namespace kube-system: " + std::move(found.error().message);
      return std::unexpected(std::move(found).error());
    }
    cluster_uid = found->uid;
  }
  return cluster_uid;
}

Result<kube::Object> Cluster::Impl::get(const kube::ResourceType& type, const ObjectName& name) {
  return api->get(type, {type.namespaced ? name.namespace_name : std::string(), name.name});
}

Result<ObjectId> Cluster::Impl::complete(ObjectId owner, std::string_view namespace_name) {
  if (!owner.namespace_name.empty() && owner.namespace_name != namespace_name) {
    return fail(Code::kInvalid, "an owner must be in the namespace of what it owns, " +
                                    std::string(namespace_name) + ": " + cluster::describe(owner) +
                                    " is not");
  }
  if (!owner.uid.empty() && !owner.api_version.empty()) return owner;
  LAMINA_ASSIGN(const kube::ResourceType type, cluster::type_of(*api, owner));
  LAMINA_ASSIGN(const kube::Object found,
                api->get(type, {type.namespaced ? std::string(namespace_name) : std::string(), owner.name}));
  if (!owner.uid.empty() && owner.uid != found.uid) {
    return fail(Code::kConflict,
                cluster::describe(owner) + " has the uid " + found.uid + ", not " + owner.uid);
  }
  return cluster::id_of(type, found);
}

namespace cluster {

ObjectId id_of(const kube::ResourceType& type, const kube::Object& object) {
  return {.api_version = type.api_version(),
          .kind = type.kind,
          .namespace_name = object.key.namespace_name,
          .name = object.key.name,
          .uid = object.uid};
}

Result<kube::ResourceType> type_of(kube::Api& api, const ObjectId& id) {
  const std::string_view group = group_of(id.api_version);
  const auto slash = id.api_version.find('/');
  const std::string version = slash == std::string::npos ? id.api_version : id.api_version.substr(slash + 1);
  std::string name = id.kind;
  if (!version.empty()) name += "." + version;
  if (!group.empty()) name.append(".").append(group);
  return api.resolve_type(name);
}

}  // namespace cluster

std::string ClusterObject::text_at(std::string_view path) const {
  const auto parsed = oci::parse_json(json);
  return parsed ? cluster::text_at(*parsed, path) : std::string();
}

std::map<std::string, std::string> ClusterObject::map_at(std::string_view path) const {
  const auto parsed = oci::parse_json(json);
  return parsed ? cluster::map_at(*parsed, path) : std::map<std::string, std::string>();
}

}  // namespace lamina
