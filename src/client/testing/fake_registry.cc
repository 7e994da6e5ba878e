// SPDX-License-Identifier: Apache-2.0
#include "client/testing/fake_registry.h"

#include <utility>

#include "lamina/identity.h"
#include "lamina/manifest.h"
#include "oci/base64.h"
#include "oci/error_document.h"
#include "oci/json.h"

namespace lamina::client::testing {
namespace {

Answer error(unsigned status, const std::string& code) {
  return {.status = status, .body = oci::error_document(code, "the fake says so")};
}

std::string query_value(const std::string& query, const std::string& name) {
  const std::size_t at = query.find(name + "=");
  if (at == std::string::npos) return {};
  const std::size_t start = at + name.size() + 1;
  return query.substr(start, query.find('&', start) - start);
}

std::string text_of(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  return member != nullptr && member->as<std::string>() != nullptr ? *member->as<std::string>() : "";
}

Annotations map_of(const oci::Json& object, std::string_view name) {
  Annotations map;
  const oci::Json* member = object.find(name);
  if (member == nullptr) return map;
  for (const auto& [key, value] : *member->as<oci::Json::Object>())
    map.emplace(key, *value.as<std::string>());
  return map;
}

}  // namespace

Digest FakeRegistry::put_manifest(const std::string& repository, const std::string& tag,
                                  const std::string& media_type, const std::string& bytes) {
  const Digest digest = Digest::of(bytes);
  manifests[repository + "@" + digest.to_string()] = {media_type, bytes};
  if (!tag.empty()) tags[repository + ":" + tag] = digest.to_string();
  return digest;
}

Answer FakeRegistry::operator()(const Sent& request) {
  const std::size_t path_start = request.url.find('/', request.url.find("://") + 3);
  std::string path = request.url.substr(path_start);
  std::string query;
  if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  if (path == "/v2/") {
    Answer answer;
    if (lamina) answer.headers.add("Lamina-Version", "0.1.0");
    if (!advertise_url.empty()) answer.headers.add("Lamina-Advertise-Url", advertise_url);
    return answer;
  }
  for (const std::string_view part :
       {"/manifests/", "/blobs/uploads/", "/blobs/", "/referrers/", "/_lamina/publish"}) {
    const std::size_t at = path.find(part);
    if (at == std::string::npos) continue;
    const std::string repository = path.substr(4, at - 4);
    const std::string rest = path.substr(at + part.size());
    if (part == "/manifests/") return manifest(request, repository, rest);
    if (part == "/blobs/uploads/") return upload(request, repository, path, query);
    if (part == "/blobs/") return blob(request, repository, rest);
    if (part == "/_lamina/publish") return lamina ? publish(request, repository) : error(404, "UNSUPPORTED");
    if (!referrers_api) return error(404, "NAME_UNKNOWN");
    return {
        .body =
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})"};
  }
  return error(404, "NAME_UNKNOWN");
}

Answer FakeRegistry::manifest(const Sent& request, const std::string& repository,
                              const std::string& reference) {
  const bool by_digest = reference.find(':') != std::string::npos;
  if (request.method == "PUT") {
    const Digest digest =
        put_manifest(repository, by_digest ? "" : reference, request.header("Content-Type"), request.body);
    Answer answer{.status = 201, .headers = {{"Docker-Content-Digest", digest.to_string()}}};
    const auto parsed = parse_manifest(request.body, request.header("Content-Type"));
    if (referrers_api && parsed && parsed->subject)
      answer.headers.add("OCI-Subject", parsed->subject->digest.to_string());
    return answer;
  }
  std::string digest = reference;
  if (!by_digest) {
    const auto tag = tags.find(repository + ":" + reference);
    if (tag == tags.end()) return error(404, "MANIFEST_UNKNOWN");
    digest = tag->second;
  }
  const auto found = manifests.find(repository + "@" + digest);
  if (found == manifests.end()) return error(404, "MANIFEST_UNKNOWN");
  if (request.method == "DELETE") {
    if (by_digest) manifests.erase(found);
    if (!by_digest) tags.erase(repository + ":" + reference);
    return {.status = 202};
  }
  return {.headers = {{"Content-Type", found->second.media_type},
                      {"Docker-Content-Digest", digest},
                      {"Content-Length", std::to_string(found->second.bytes.size())}},
          .body = found->second.bytes};
}

Answer FakeRegistry::blob(const Sent& request, const std::string& repository, const std::string& digest) {
  const auto found = blobs.find(repository + "@" + digest);
  if (found == blobs.end()) return error(404, "BLOB_UNKNOWN");
  const std::string& bytes = found->second;
  const std::string range = request.header("Range");
  if (ranges && range.starts_with("bytes=")) {
    const std::size_t dash = range.find('-');
    const std::size_t first = std::stoul(range.substr(6, dash - 6));
    const std::string end = range.substr(dash + 1);
    const std::size_t last = end.empty() ? bytes.size() - 1 : std::stoul(end);
    return {.status = 206,
            .headers = {{"Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(last) +
                                              "/" + std::to_string(bytes.size())}},
            .body = bytes.substr(first, last - first + 1)};
  }
  return {.headers = {{"Content-Length", std::to_string(bytes.size())}}, .body = bytes};
}

Answer FakeRegistry::upload(const Sent& request, const std::string& repository, const std::string& path,
                            const std::string& query) {
  if (request.method == "POST") {
    const std::string digest = query_value(query, "mount");
    const auto source = blobs.find(query_value(query, "from") + "@" + digest);
    if (can_mount && !digest.empty() && source != blobs.end()) {
      blobs[repository + "@" + digest] = source->second;
      return {.status = 201};
    }
    const std::string location = "/v2/" + repository + "/blobs/uploads/" + std::to_string(++next_upload);
    uploads[location] = "";
    return {.status = 202, .headers = {{"Location", location + "?state=s"}}};
  }
  const auto session = uploads.find(path);
  if (session == uploads.end()) return error(404, "BLOB_UPLOAD_UNKNOWN");
  session->second += request.body;
  if (request.method == "PATCH") return {.status = 202, .headers = {{"Location", path + "?state=s"}}};
  if (request.method == "DELETE") {
    uploads.erase(session);
    return {.status = 204};
  }
  const std::string digest = query_value(query, "digest");
  if (Digest::of(session->second).to_string() != digest) return error(400, "DIGEST_INVALID");
  blobs[repository + "@" + digest] = session->second;
  uploads.erase(session);
  return {.status = 201};
}

Answer FakeRegistry::publish(const Sent& request, const std::string& repository) {
  const std::string type = request.header("Content-Type");
  const std::string boundary = "--" + type.substr(type.find("boundary=") + 9);
  const std::size_t json_start = request.body.find("\r\n\r\n") + 4;
  const std::size_t second = request.body.find("\r\n" + boundary, json_start);
  const std::size_t layer_start = request.body.find("\r\n\r\n", second) + 4;
  const std::size_t end = request.body.rfind("\r\n" + boundary + "--");
  published_json = request.body.substr(json_start, second - json_start);
  published_layer = request.body.substr(layer_start, end - layer_start);

  const auto fields = oci::parse_json(published_json);
  const oci::Json& layer_fields = *fields->find("layer");
  Descriptor layer;
  layer.media_type = text_of(layer_fields, "mediaType");
  layer.digest = Digest::of(published_layer);
  layer.size = published_layer.size();
  layer.annotations = map_of(layer_fields, "annotations");
  Manifest manifest;
  manifest.media_type = text_of(*fields, "mediaType");
  manifest.artifact_type = text_of(*fields, "artifactType");
  const oci::Json& config = *fields->find("config");
  const std::string config_bytes = *oci::from_base64(text_of(config, "data"));
  manifest.config = empty_descriptor();
  if (text_of(config, "mediaType") != media_type::kEmpty) {
    manifest.config->media_type = text_of(config, "mediaType");
    manifest.config->data.reset();
    manifest.config->digest = Digest::of(config_bytes);
    manifest.config->size = config_bytes.size();
  }
  manifest.layers = {layer};
  manifest.annotations = map_of(*fields, "annotations");
  if (const Identity identity = map_of(*fields, "identity"); !identity.empty()) {
    manifest.annotations.emplace(std::string(kIdentityAnnotation), canonical_json(identity));
  }
  const std::string bytes =
      serialize(manifest, text_of(*fields, "fieldOrder") == "ggcr" ? FieldOrder::kGgcr : FieldOrder::kOras);
  put_blob(repository, published_layer);
  put_blob(repository, config_bytes);
  const std::string digest = Digest::of(bytes).to_string();
  bool unchanged = true;
  for (const oci::Json& tag : *fields->find("tags")->as<oci::Json::Array>()) {
    unchanged = unchanged && tags[repository + ":" + *tag.as<std::string>()] == digest;
    put_manifest(repository, *tag.as<std::string>(), manifest.media_type, bytes);
  }
  return {.status = unchanged ? 200U : 201U,
          .body = "{\"digest\":\"" + digest + "\",\"url\":\"/files/" + layer.digest.hex() + "\"}"};
}

}  // namespace lamina::client::testing
