// SPDX-License-Identifier: Apache-2.0
#include "controller/referred.h"

#include <optional>
#include <utility>

#include "cluster/references.h"
#include "controller/export_documents.h"
#include "controller/fields.h"
#include "controller/kind.h"
#include "kube/time.h"
#include "oci/json_writer.h"

namespace lamina::controller {
namespace {

std::optional<HeldManifest> manifest_of_url(std::string_view url, const Settings& settings) {
  if (settings.advertise_url.empty() || !url.starts_with(settings.advertise_url + "/files/"))
    return std::nullopt;
  auto reference = cluster::artifact_of_url(url);
  if (!reference || !reference->digest) return std::nullopt;
  return HeldManifest{.repository = std::move(reference->repository), .digest = *reference->digest};
}

void read_pointer(const oci::Json& object, std::string_view path, const Settings& settings,
                  Referred& referred) {
  auto reference = cluster::read_reference_at(object, path);
  if (!reference) {
    referred.malformed = reference.error().message;
    return;
  }
  if (!*reference) return;
  std::optional<HeldManifest> manifest = manifest_of_url((*reference)->url, settings);
  if (const auto& oci = (*reference)->oci; oci && oci->digest) {
    manifest = {.repository = oci->repository, .digest = *oci->digest};
  }
  if (manifest) referred.contents.push_back({.manifest = *std::move(manifest)});
}

/// What is asked of every object, without its contents.
Referred begin_reading(const oci::Json& object) {
  const oci::Json* metadata = object.find("metadata");
  if (metadata == nullptr) return {};
  return {.contents = {},
          .created = fields::time(*metadata, "creationTimestamp"),
          .request = fields::text(metadata->find("annotations"), kRequestAnnotation)};
}

}  // namespace

Referred read_artifact_url(const kube::Object& object, const Settings& settings) {
  const auto json = oci::parse_json(object.json);
  if (!json) return {.contents = {}, .malformed = json.error().message};
  Referred referred = begin_reading(*json);
  const oci::Json* spec = json->find("spec");
  auto manifest = manifest_of_url(fields::text(spec, "url"), settings);
  if (!manifest) return referred;
  referred.contents.push_back({.manifest = *std::move(manifest),
                               .verify = !is_export(*json),
                               .layer_digest = fields::text(spec, "digest"),
                               .layer_size = fields::integer(*spec, "size")});
  return referred;
}

Referred read_status(const kube::Object& object, const Settings& settings) {
  const auto json = oci::parse_json(object.json);
  if (!json) return {.contents = {}, .malformed = json.error().message};
  Referred referred = begin_reading(*json);
  for (const char* path : {"status.ociArtifact", "status.artifact"})
    read_pointer(*json, path, settings, referred);
  return referred;
}

std::string to_json(const Referred& referred) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object();
  json.name("created").string(kube::format_time(referred.created));
  if (!referred.request.empty()) json.name("request").string(referred.request);
  if (!referred.malformed.empty()) json.name("malformed").string(referred.malformed);
  if (!referred.contents.empty()) json.name("contents").begin_array();
  for (const Referred::Entry& entry : referred.contents) {
    json.begin_object();
    json.name("repository").string(entry.manifest.repository.str());
    json.name("digest").string(entry.manifest.digest.to_string());
    if (entry.verify) {
      json.name("verify").boolean(true);
      json.name("layerDigest").string(entry.layer_digest);
      json.name("layerSize").integer(entry.layer_size);
    }
    json.end_object();
  }
  if (!referred.contents.empty()) json.end_array();
  json.end_object();
  return json.take();
}

Referred parse_referred(std::string_view json) {
  const auto parsed = oci::parse_json(json);
  if (!parsed) return {};
  Referred referred{.malformed = fields::text(*parsed, "malformed"),
                    .created = fields::time(*parsed, "created"),
                    .request = fields::text(*parsed, "request")};
  for (const oci::Json& entry : fields::array(parsed->find("contents"))) {
    auto repository = RepositoryName::parse(fields::text(entry, "repository"));
    const auto digest = Digest::parse(fields::text(entry, "digest"));
    if (!repository || !digest) continue;
    referred.contents.push_back({.manifest = {.repository = *std::move(repository), .digest = *digest},
                                 .verify = fields::boolean(entry, "verify"),
                                 .layer_digest = fields::text(entry, "layerDigest"),
                                 .layer_size = fields::integer(entry, "layerSize")});
  }
  return referred;
}

}  // namespace lamina::controller
