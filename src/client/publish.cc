// SPDX-License-Identifier: Apache-2.0
#include "client/publish.h"

#include <utility>

#include "client/holds.h"
#include "client/url.h"
#include "oci/base64.h"
#include "oci/json.h"
#include "oci/json_writer.h"

namespace lamina::client {
namespace {

void write_map(oci::JsonWriter& json, std::string_view name, const Annotations& map) {
  json.name(name).begin_object();
  for (const auto& [key, value] : map) json.name(key).string(value);
  json.end_object();
}

std::string publish_fields(const std::vector<Tag>& tags, const PushOptions& options,
                           const Blueprint& blueprint, const std::optional<Measured>& known) {
  oci::JsonWriter json;
  json.begin_object();
  json.name("mediaType").string(blueprint.manifest_type);
  if (!blueprint.artifact_type.empty()) json.name("artifactType").string(blueprint.artifact_type);
  json.name("config").begin_object();
  json.name("mediaType").string(blueprint.config_type);
  json.name("data").string(oci::to_base64(blueprint.config));
  json.end_object();
  json.name("layer").begin_object();
  json.name("mediaType").string(blueprint.layer_type);
  if (!blueprint.layer_annotations.empty()) write_map(json, "annotations", blueprint.layer_annotations);
  if (known) {
    json.name("digest").string(known->digest.to_string());
    json.name("size").integer(known->size);
  }
  json.end_object();
  Annotations annotations = blueprint.annotations;
  annotations.erase(std::string(kIdentityAnnotation));  // Follows from the identity below.
  if (!annotations.empty()) write_map(json, "annotations", annotations);
  if (options.identity) write_map(json, "identity", *options.identity);
  if (blueprint.subject) json.name("subject").raw(serialize(*blueprint.subject, FieldOrder::kOras));
  json.name("tags").begin_array();
  for (const Tag& tag : tags) json.string(tag.str());
  json.end_array();
  if (options.if_match) json.name("ifMatch").string(options.if_match->to_string());
  if (options.if_none_match) json.name("ifNoneMatch").boolean(true);
  if (options.ttl) json.name("ttl").integer(options.ttl->count());
  if (options.owner) {
    json.name("owner");
    write_holder(json, *options.owner);
  }
  json.name("fieldOrder").string(blueprint.order == FieldOrder::kOras ? "oras" : "ggcr");
  json.end_object();
  return json.take();
}

}  // namespace

Result<PublishAnswer> send_publish(Remote& remote, const RepositoryName& repository,
                                   const std::vector<Tag>& tags, const PushOptions& options,
                                   const Blueprint& blueprint, const std::optional<Measured>& known,
                                   Body& layer, const std::string& boundary) {
  const std::string before = "--" + boundary + "\r\nContent-Type: application/json\r\n\r\n" +
                             publish_fields(tags, options, blueprint, known) + "\r\n--" + boundary +
                             "\r\nContent-Type: " + blueprint.layer_type + "\r\n\r\n";
  WrappedBody body(before, layer, "\r\n--" + boundary + "--\r\n");
  Call post = remote.call("POST", "/v2/" + repository.str() + "/_lamina/publish", &repository, Access::kPush);
  post.request.headers.add("Content-Type", "multipart/related; boundary=" + boundary);
  post.body = &body;
  const std::string url = post.request.url;
  LAMINA_ASSIGN(const HttpResponse response, remote.send(std::move(post)));

  LAMINA_ASSIGN(const oci::Json document, oci::parse_json(response.body));
  const auto text = [&](std::string_view name) {
    const oci::Json* member = document.find(name);
    const auto* value = member != nullptr ? member->as<std::string>() : nullptr;
    return value != nullptr ? *value : std::string();
  };
  PublishAnswer answer{.digest = {}, .url = text("url"), .unchanged = response.status == 200};
  LAMINA_ASSIGN(answer.digest, Digest::parse(text("digest")));
  if (!answer.url.empty()) {
    LAMINA_ASSIGN(answer.url, resolve_url(url, answer.url));
  }
  return answer;
}

}  // namespace lamina::client
