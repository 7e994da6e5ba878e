// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cluster/cluster_impl.h"
#include "cluster/kinds.h"
#include "cluster/resource.h"
#include "cluster/status_writer.h"

namespace lamina {
namespace {

constexpr std::chrono::hours kLease{1};

Result<Reference> target_of(std::string_view namespace_name, const PublishOptions& options) {
  if (options.target) return *options.target;
  if (!options.push.identity)
    return fail(Code::kInvalid, "expected an identity of the artifact or a reference to publish it under");
  const bool flat = options.scheme != NamingScheme::kLamina;
  return reference_of({}, *options.push.identity, options.scheme, flat ? std::string_view() : namespace_name,
                      options.push.tags.empty() ? std::nullopt : std::optional(options.push.tags.front()));
}

/// Who may not read the namespace kube-system publishes with a plain lease: it runs out even while no
/// controller is there to claim the artifact.
Result<std::string> uid_if_allowed(Cluster::Impl& cluster) {
  auto uid = cluster.uid();
  if (!uid && uid.error().code == Code::kDenied) return std::string();
  return uid;
}

/// Publishes so that the artifact goes by itself unless an object claims it.
Result<Published> push_with_lease(Client& client, const Reference& target, const Content& content,
                                  PushOptions push, Holder owner, bool other_registry) {
  LAMINA_ASSIGN(const std::string version, client.server_version(target.registry));
  if (!version.empty()) {
    if (!push.ttl) push.ttl = kLease;
    if (!owner.cluster.empty()) push.owner = std::move(owner);
  } else if (!other_registry || push.ttl) {
    return fail(Code::kUnsupported,
                target.to_string() +
                    " is at a registry that is not Lamina: without leases there, an artifact "
                    "stays for ever if its resource cannot be written; state the registry in "
                    "the resource to publish all the same");
  }
  return client.push(target, content, push);
}

/// What became of the artifact, when the API server could not be told of it.
Error left_behind(Error error, const Published& artifact, const PublishOptions& options) {
  if (error.code == Code::kConflict)
    error.message += "; another field manager has these fields, and force takes them over";
  error.message += "; the artifact " + artifact.registry + "/" + artifact.repository.str() + "@" +
                   artifact.manifest.digest.to_string();
  if (artifact.unchanged) {
    error.message += " was there before";
  } else {
    error.message += " is published and goes after " +
                     std::to_string(options.push.ttl.value_or(kLease).count()) +
                     " s, unless an object refers to it by then";
  }
  return error;
}

/// Where the push wrote nothing, the lease may just have run out: once the object refers to the artifact,
/// what is there stays. So look again, and publish again if it went.
Result<Published> confirm(Client& client, const Reference& target, const Content& content, Published artifact,
                          const PushOptions& push) {
  if (!artifact.unchanged) return artifact;
  Reference pinned = target;
  pinned.digest = artifact.manifest.digest;
  const auto found = client.resolve(pinned);
  if (found) return artifact;
  if (found.error().code != Code::kNotFound) return std::unexpected(found.error());
  if (std::holds_alternative<StreamContent>(content)) {
    return fail(Code::kUnavailable,
                pinned.to_string() +
                    " ran out of its lease while it was published, and the stream has been "
                    "read: publish it again");
  }
  return client.push(target, content, push);
}

}  // namespace

Result<PublishedObject> Cluster::publish(Client& client, std::string_view namespace_name,
                                         std::string_view name, const Content& content,
                                         const PublishOptions& options, const ResourceOptions& given) {
  const kube::ResourceType type = cluster::oci_artifact_type();
  const kube::ObjectKey key{std::string(namespace_name), std::string(name)};
  ResourceOptions resource = given;
  LAMINA_ASSIGN(Reference target, target_of(namespace_name, options));
  if (resource.registry) {
    if (target.registry.empty()) target.registry = resource.registry->host;
    if (target.registry != resource.registry->host) {
      return fail(Code::kInvalid, "the artifact is to be published to " + target.registry +
                                      ", but the resource states the registry " + resource.registry->host);
    }
  }
  if (resource.owner) {
    LAMINA_ASSIGN(resource.owner, impl_->complete(*resource.owner, namespace_name));
  }
  auto existing = impl_->api->get(type, key);
  if (!existing && existing.error().code != Code::kNotFound) return std::unexpected(existing.error());
  LAMINA_ASSIGN(const std::string cluster_uid, uid_if_allowed(*impl_));
  Holder owner{.cluster = cluster_uid,
               .group = type.group,
               .kind = type.kind,
               .namespace_name = key.namespace_name,
               .name = key.name,
               .uid = existing ? existing->uid : std::string()};
  LAMINA_ASSIGN(Published artifact, push_with_lease(client, target, content, options.push, std::move(owner),
                                                    resource.registry.has_value()));

  const std::string json = cluster::oci_artifact_json(namespace_name, name, artifact, options, resource);
  PublishedObject done{.artifact = std::move(artifact),
                       .object = {.api_version = type.api_version(),
                                  .kind = type.kind,
                                  .namespace_name = key.namespace_name,
                                  .name = key.name,
                                  .uid = existing ? existing->uid : std::string()}};
  if (existing && cluster::says_the_same(existing->json, json)) {
    done.unchanged = done.artifact.unchanged;
    return done;
  }
  auto applied = impl_->api->patch(
      type, key, kube::PatchType::kApply, json,
      {.field_manager = options.field_manager, .force = options.force, .metadata_only = true});
  if (!applied) return std::unexpected(left_behind(applied.error(), done.artifact, options));
  done.object.uid = applied->uid;
  LAMINA_ASSIGN(done.artifact, confirm(client, target, content, std::move(done.artifact), options.push));
  return done;
}

Result<PublishedObject> Cluster::publish_to_status(Client& client, const ObjectName& producer,
                                                   const Content& content, const PublishOptions& options,
                                                   StatusForm form) {
  LAMINA_ASSIGN(const Reference target, target_of(producer.namespace_name, options));
  LAMINA_ASSIGN(const kube::ResourceType type, impl_->api->resolve_type(producer.kind));
  LAMINA_TRY(cluster::check_holds_references(type));
  LAMINA_ASSIGN(const kube::Object object, impl_->get(type, producer));
  const ObjectId id = cluster::id_of(type, object);
  LAMINA_ASSIGN(const std::string cluster_uid, uid_if_allowed(*impl_));
  Holder owner{.cluster = cluster_uid,
               .group = type.group,
               .kind = type.kind,
               .namespace_name = id.namespace_name,
               .name = id.name,
               .uid = id.uid};
  LAMINA_ASSIGN(Published artifact,
                push_with_lease(client, target, content, options.push, std::move(owner), false));
  const auto written =
      cluster::write_reference(*impl_->api, type, object, artifact, options, form, impl_->clock->now());
  if (!written) return std::unexpected(left_behind(written.error(), artifact, options));
  const bool unchanged = !*written && artifact.unchanged;
  if (*written) {
    LAMINA_ASSIGN(artifact, confirm(client, target, content, std::move(artifact), options.push));
  }
  return PublishedObject{.artifact = std::move(artifact), .object = id, .unchanged = unchanged};
}

Result<PublishedObject> Cluster::set_status_reference(const ObjectName& producer, const Published& artifact,
                                                      const PublishOptions& options, StatusForm form) {
  LAMINA_ASSIGN(const kube::ResourceType type, impl_->api->resolve_type(producer.kind));
  LAMINA_TRY(cluster::check_holds_references(type));
  LAMINA_ASSIGN(const kube::Object object, impl_->get(type, producer));
  LAMINA_ASSIGN(const bool written, cluster::write_reference(*impl_->api, type, object, artifact, options,
                                                             form, impl_->clock->now()));
  return PublishedObject{.artifact = artifact, .object = cluster::id_of(type, object), .unchanged = !written};
}

}  // namespace lamina
