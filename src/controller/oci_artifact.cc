// SPDX-License-Identifier: Apache-2.0
#include "controller/oci_artifact.h"

#include <utility>

#include "controller/fields.h"
#include "controller/kind.h"
#include "kube/time.h"
#include "oci/json_writer.h"

namespace lamina::controller {
namespace {

constexpr std::size_t kMaxValues = 50'000;  // An object has 1.5 MiB at most.

RegistryAccess read_registry(const oci::Json& json) {
  return {.host = fields::text(json, "host"),
          .plain_http = fields::boolean(json, "plainHTTP"),
          .credentials_secret = fields::text(json.find("secretRef"), "name"),
          .tls_secret = fields::text(json.find("certSecretRef"), "name")};
}

OciArtifactSpec read_spec(const oci::Json& json) {
  OciArtifactSpec spec;
  spec.identity = fields::texts(json.find("identity"));
  spec.scheme = fields::text(json, "scheme");
  spec.repository = fields::text(json, "repository");
  spec.tag = fields::text(json, "tag");
  spec.digest = fields::text(json, "digest");
  if (const oci::Json* layer = json.find("layer")) {
    spec.layer_digest = fields::text(*layer, "digest");
    spec.layer_size = fields::integer(*layer, "size");
    spec.layer_media_type = fields::text(*layer, "mediaType");
  }
  spec.revision = fields::text(json, "revision");
  spec.metadata = fields::texts(json.find("metadata"));
  if (const oci::Json* retention = json.find("retention")) {
    spec.retention.ttl = fields::duration(*retention, "ttl", spec.retention.ttl);
    if (retention->find("keepLast") != nullptr) {
      spec.retention.keep_last = static_cast<std::size_t>(fields::integer(*retention, "keepLast"));
    }
  }
  spec.suspend = fields::boolean(json, "suspend");
  spec.interval = fields::duration(json, "interval", spec.interval);
  if (const oci::Json* registry = json.find("registry")) spec.registry = read_registry(*registry);
  for (const oci::Json& entry : fields::array(json.find("exports"))) {
    spec.exports.push_back({.kind = fields::text(entry, "kind"), .name = fields::text(entry, "name")});
  }
  return spec;
}

ArtifactStatus read_artifact(const oci::Json& json) {
  ArtifactStatus artifact{.registry = fields::text(json, "registry"),
                          .repository = fields::text(json, "repository"),
                          .tag = fields::text(json, "tag"),
                          .digest = fields::text(json, "digest"),
                          .media_type = fields::text(json, "mediaType"),
                          .layer_digest = {},
                          .layer_size = 0,
                          .layer_media_type = {},
                          .revision = fields::text(json, "revision")};
  if (const oci::Json* layer = json.find("layer")) {
    artifact.layer_digest = fields::text(*layer, "digest");
    artifact.layer_size = fields::integer(*layer, "size");
    artifact.layer_media_type = fields::text(*layer, "mediaType");
  }
  return artifact;
}

OciArtifactStatus read_status(const oci::Json& json) {
  OciArtifactStatus status;
  status.observed_generation = fields::integer(json, "observedGeneration");
  status.conditions = read_conditions(json.find("conditions"));
  status.url = fields::text(json, "url");
  if (const oci::Json* artifact = json.find("artifact")) status.artifact = read_artifact(*artifact);
  for (const oci::Json& entry : fields::array(json.find("history"))) {
    status.history.push_back({.repository = fields::text(entry, "repository"),
                              .digest = fields::text(entry, "digest"),
                              .layer_digest = fields::text(entry, "layerDigest"),
                              .replaced = fields::time(entry, "replacedTime")});
  }
  status.last_verified = fields::time(json, "lastVerifiedTime");
  status.last_update = fields::time(json, "lastUpdateTime");
  status.last_handled_request = fields::text(json, "lastHandledReconcileAt");
  return status;
}

void member(oci::JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.name(name).string(text);
}

void member(oci::JsonWriter& json, std::string_view name, UnixTime time) {
  if (time != UnixTime{}) json.name(name).string(kube::format_time(time));
}

void write_artifact(oci::JsonWriter& json, const ArtifactStatus& artifact) {
  json.begin_object();
  member(json, "registry", artifact.registry);
  member(json, "repository", artifact.repository);
  member(json, "tag", artifact.tag);
  member(json, "digest", artifact.digest);
  member(json, "mediaType", artifact.media_type);
  json.name("layer").begin_object();
  member(json, "digest", artifact.layer_digest);
  json.name("size").integer(artifact.layer_size);
  member(json, "mediaType", artifact.layer_media_type);
  json.end_object();
  member(json, "revision", artifact.revision);
  json.end_object();
}

void write_status(oci::JsonWriter& json, const OciArtifactStatus& status) {
  json.begin_object();
  json.name("observedGeneration").integer(status.observed_generation);
  json.name("conditions");
  write_conditions(json, status.conditions);
  member(json, "url", status.url);
  if (status.artifact) {
    json.name("artifact");
    write_artifact(json, *status.artifact);
  }
  if (!status.history.empty()) {
    json.name("history").begin_array();
    for (const FormerArtifact& former : status.history) {
      json.begin_object();
      member(json, "repository", former.repository);
      member(json, "digest", former.digest);
      member(json, "layerDigest", former.layer_digest);
      member(json, "replacedTime", former.replaced);
      json.end_object();
    }
    json.end_array();
  }
  member(json, "lastVerifiedTime", status.last_verified);
  member(json, "lastUpdateTime", status.last_update);
  member(json, "lastHandledReconcileAt", status.last_handled_request);
  json.end_object();
}

}  // namespace

const kube::ResourceType& oci_artifact_type() {
  static const kube::ResourceType kType{
      .group = "lamina.dev", .version = "v1alpha1", .plural = "ociartifacts", .kind = "OCIArtifact"};
  return kType;
}

Result<OciArtifact> read_oci_artifact(std::string_view json) {
  LAMINA_ASSIGN(const oci::Json document, oci::parse_json(json, kMaxValues));
  OciArtifact artifact;
  if (const oci::Json* spec = document.find("spec")) artifact.spec = read_spec(*spec);
  if (const oci::Json* status = document.find("status")) artifact.status = read_status(*status);
  const oci::Json* annotations = fields::find(document.find("metadata"), "annotations");
  artifact.request = fields::text(annotations, kRequestAnnotation);
  return artifact;
}

std::string status_document(const kube::ResourceType& type, const kube::Object& object,
                            const OciArtifactStatus& status) {
  oci::JsonWriter json;
  json.begin_object();
  json.name("apiVersion").string(type.api_version());
  json.name("kind").string(type.kind);
  json.name("metadata").begin_object();
  json.name("namespace").string(object.key.namespace_name);
  json.name("name").string(object.key.name);
  // An object of the same name that came in between must not get it.
  json.name("uid").string(object.uid);
  json.end_object();
  json.name("status");
  write_status(json, status);
  json.end_object();
  return json.take();
}

}  // namespace lamina::controller
