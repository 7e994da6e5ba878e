// SPDX-License-Identifier: Apache-2.0
#include "cluster/resource.h"

#include <chrono>

#include "cluster/kinds.h"
#include "kube/time.h"
#include "oci/json_writer.h"

namespace lamina::cluster {
namespace {

void write_map(oci::JsonWriter& json, std::string_view name, const auto& map) {
  if (map.empty()) return;
  json.name(name).begin_object();
  for (const auto& [key, value] : map) json.name(key).string(value);
  json.end_object();
}

void write_text(oci::JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.name(name).string(text);
}

void write_secret(oci::JsonWriter& json, std::string_view name, const std::string& secret) {
  if (!secret.empty()) json.name(name).begin_object().name("name").string(secret).end_object();
}

/// As Go reads it.
std::string duration_text(std::chrono::seconds duration) { return std::to_string(duration.count()) + "s"; }

void write_owner(oci::JsonWriter& json, const ObjectId& owner) {
  json.name("ownerReferences").begin_array().begin_object();
  json.name("apiVersion").string(owner.api_version);
  json.name("kind").string(owner.kind);
  json.name("name").string(owner.name);
  json.name("uid").string(owner.uid);
  json.end_object().end_array();
}

void write_spec(oci::JsonWriter& json, const Published& artifact, const PublishOptions& options,
                const ResourceOptions& resource) {
  json.name("spec").begin_object();
  if (options.push.identity) write_map(json, "identity", *options.push.identity);
  // With a repository of its own, the object does not follow a scheme.
  if (!options.target && options.scheme != NamingScheme::kLamina) {
    json.name("scheme").string(options.scheme == NamingScheme::kOcmV1 ? "ocm-v1" : "ocm-v2");
  }
  json.name("repository").string(artifact.repository.str());
  if (!artifact.tags.empty()) json.name("tag").string(artifact.tags.front().str());
  json.name("digest").string(artifact.manifest.digest.to_string());
  json.name("layer").begin_object();
  json.name("digest").string(artifact.layer.digest.to_string());
  json.name("size").integer(artifact.layer.size);
  json.name("mediaType").string(artifact.layer.media_type);
  json.end_object();
  write_text(json, "revision", options.revision);
  write_map(json, "metadata", options.metadata);
  if (resource.retention_ttl || resource.keep_last) {
    json.name("retention").begin_object();
    if (resource.retention_ttl) json.name("ttl").string(duration_text(*resource.retention_ttl));
    if (resource.keep_last) json.name("keepLast").integer(*resource.keep_last);
    json.end_object();
  }
  if (resource.interval) json.name("interval").string(duration_text(*resource.interval));
  if (resource.registry) {
    json.name("registry").begin_object();
    json.name("host").string(resource.registry->host);
    if (resource.registry->plain_http) json.name("plainHTTP").boolean(true);
    write_secret(json, "secretRef", resource.registry->secret);
    write_secret(json, "certSecretRef", resource.registry->certificate_secret);
    json.end_object();
  }
  if (!resource.exports.empty()) {
    json.name("exports").begin_array();
    for (const Export& to : resource.exports) {
      json.begin_object().name("kind").string(to.kind);
      write_text(json, "name", to.name);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
}

std::string hex_start(std::string_view text, std::size_t digits) {
  return Digest::of(text).hex().substr(0, digits);
}

void begin_status(oci::JsonWriter& json, const ObjectId& object) {
  json.begin_object();
  json.name("apiVersion").string(object.api_version);
  json.name("kind").string(object.kind);
  json.name("metadata").begin_object();
  json.name("name").string(object.name);
  write_text(json, "namespace", object.namespace_name);
  write_text(json, "uid", object.uid);  // Not into another object of that name.
  json.end_object();
  json.name("status").begin_object();
}

}  // namespace

std::map<std::string, std::string> identity_labels(const Identity& identity) {
  std::map<std::string, std::string> labels;
  for (const auto& [key, value] : identity) {
    labels.emplace("id.lamina.dev/" + hex_start(key, 16), hex_start(value, 32));
  }
  return labels;
}

std::string identity_selector(const Identity& identity) {
  std::string selector;
  for (const auto& [label, value] : identity_labels(identity)) {
    if (!selector.empty()) selector += ',';
    selector.append(label).append("=").append(value);
  }
  return selector;
}

std::string oci_artifact_json(std::string_view namespace_name, std::string_view name,
                              const Published& artifact, const PublishOptions& options,
                              const ResourceOptions& resource) {
  const auto document = [&](const std::string& applied) {
    oci::JsonWriter json;
    json.begin_object();
    json.name("apiVersion").string(oci_artifact_type().api_version());
    json.name("kind").string("OCIArtifact");
    json.name("metadata").begin_object();
    json.name("name").string(name);
    json.name("namespace").string(namespace_name);
    if (options.push.identity) write_map(json, "labels", identity_labels(*options.push.identity));
    if (!applied.empty())
      json.name("annotations").begin_object().name(kAppliedAnnotation).string(applied).end_object();
    if (resource.owner) write_owner(json, *resource.owner);
    json.end_object();
    write_spec(json, artifact, options, resource);
    json.end_object();
    return json.take();
  };
  return document(hex_start(document(""), 32));
}

std::string revision_of(const Published& artifact, const PublishOptions& options) {
  std::string name = options.revision;
  if (name.empty()) name = artifact.tags.empty() ? "latest" : artifact.tags.front().str();
  return name + "@" + artifact.layer.digest.to_string();
}

std::string status_oci_artifact_json(const ObjectId& object, const Published& artifact) {
  oci::JsonWriter json;
  begin_status(json, object);
  json.name("ociArtifact").begin_object();
  json.name("repository").string(artifact.repository.str());
  json.name("digest").string(artifact.manifest.digest.to_string());
  json.name("blob").begin_object();
  json.name("digest").string(artifact.layer.digest.to_string());
  json.name("tag").string(artifact.tags.empty() ? "" : artifact.tags.front().str());
  json.name("size").integer(artifact.layer.size);
  json.end_object().end_object();
  json.end_object().end_object();
  return json.take();
}

std::string status_artifact_json(const ObjectId& object, const Published& artifact,
                                 const PublishOptions& options, UnixTime time) {
  const auto host = artifact.url.find("://");
  const auto path = artifact.url.find('/', host == std::string::npos ? 0 : host + 3);
  oci::JsonWriter json;
  begin_status(json, object);
  json.name("artifact").begin_object();
  json.name("url").string(artifact.url);
  json.name("path").string(path == std::string::npos ? "" : artifact.url.substr(path + 1));
  json.name("digest").string(artifact.layer.digest.to_string());
  json.name("revision").string(revision_of(artifact, options));
  json.name("size").integer(artifact.layer.size);
  json.name("lastUpdateTime").string(kube::format_time(time));
  write_map(json, "metadata", options.metadata);
  json.end_object();
  json.end_object().end_object();
  return json.take();
}

}  // namespace lamina::cluster
