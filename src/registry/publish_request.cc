// SPDX-License-Identifier: Apache-2.0
#include "registry/publish_request.h"

#include <charconv>
#include <functional>

#include "oci/base64.h"
#include "oci/json.h"
#include "registry/holds_json.h"

namespace lamina::registry {
namespace {

using oci::Json;

std::unexpected<Error> wrong(std::string_view field, std::string_view expected) {
  return fail(Code::kInvalid,
              "publish: field '" + std::string(field) + "': expected " + std::string(expected));
}

Result<std::string> text(std::string_view field, const Json& value) {
  if (const auto* string = value.as<std::string>()) return *string;
  return wrong(field, "a string");
}

Result<std::map<std::string, std::string, std::less<>>> map_of_text(std::string_view field,
                                                                    const Json& value) {
  const auto* object = value.as<Json::Object>();
  if (object == nullptr) return wrong(field, "an object of strings");
  std::map<std::string, std::string, std::less<>> map;
  for (const auto& member : *object) {
    LAMINA_ASSIGN(map[member.name], text(member.name, member.value));
  }
  return map;
}

Result<std::uint64_t> number(std::string_view field, const Json& value) {
  const auto* integer = value.as<std::int64_t>();
  if (integer == nullptr || *integer < 0) return wrong(field, "a whole number that is not negative");
  return static_cast<std::uint64_t>(*integer);
}

/// Ends a hundred years from now at the latest, so that no sum of times overflows.
Result<std::chrono::seconds> lifetime(std::uint64_t seconds) {
  constexpr std::chrono::seconds kLongest = std::chrono::years(100);
  if (seconds == 0 || seconds > static_cast<std::uint64_t>(kLongest.count())) {
    return wrong("ttl", "1 to " + std::to_string(kLongest.count()) + " seconds");
  }
  return std::chrono::seconds(seconds);
}

Result<FieldOrder> field_order(std::string_view name) {
  if (name == "oras") return FieldOrder::kOras;
  if (name == "ggcr") return FieldOrder::kGgcr;
  return wrong("fieldOrder", "oras or ggcr");
}

/// A field of a JSON object: its name and what takes its value.
struct Field {
  std::string_view name;
  std::function<Result<void>(const Json&)> take;
};

Result<void> take_fields(std::string_view object_name, const Json& value,
                         std::initializer_list<Field> fields) {
  const auto* object = value.as<Json::Object>();
  if (object == nullptr) return wrong(object_name, "an object");
  for (const auto& member : *object) {
    const auto* field =
        std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == member.name; });
    if (field == fields.end()) {
      return fail(Code::kInvalid,
                  "publish: '" + std::string(object_name) + "' has no field '" + member.name + "'");
    }
    LAMINA_TRY(field->take(member.value));
  }
  return {};
}

/// Takers for fields of the common types.
auto into(std::string_view field, std::string& target) {
  return [=, &target](const Json& value) -> Result<void> {
    LAMINA_ASSIGN(target, text(field, value));
    return {};
  };
}
auto into(std::string_view field, Annotations& target) {
  return [=, &target](const Json& value) -> Result<void> {
    LAMINA_ASSIGN(target, map_of_text(field, value));
    return {};
  };
}
auto into(std::string_view field, std::optional<Digest>& target) {
  return [=, &target](const Json& value) -> Result<void> {
    LAMINA_ASSIGN(const std::string string, text(field, value));
    LAMINA_ASSIGN(target, Digest::parse(string));
    return {};
  };
}

Result<void> take_config(const Json& value, PublishRequest& request) {
  return take_fields("config", value,
                     {{"mediaType", into("config.mediaType", request.config_type)},
                      {"data", [&](const Json& data) -> Result<void> {
                         LAMINA_ASSIGN(const std::string encoded, text("config.data", data));
                         auto bytes = oci::from_base64(encoded);
                         if (!bytes) return wrong("config.data", "base64 with padding");
                         request.config = *std::move(bytes);
                         return {};
                       }}});
}

Result<void> take_layer(const Json& value, PublishRequest& request) {
  return take_fields("layer", value,
                     {{"mediaType", into("layer.mediaType", request.layer_type)},
                      {"annotations", into("layer.annotations", request.layer_annotations)},
                      {"digest", into("layer.digest", request.layer_digest)},
                      {"size", [&](const Json& size) -> Result<void> {
                         LAMINA_ASSIGN(request.layer_size, number("layer.size", size));
                         return {};
                       }}});
}

Result<void> take_subject(const Json& value, PublishRequest& request) {
  Descriptor subject;
  std::optional<Digest> digest;
  LAMINA_TRY(take_fields("subject", value,
                         {{"mediaType", into("subject.mediaType", subject.media_type)},
                          {"digest", into("subject.digest", digest)},
                          {"size",
                           [&](const Json& size) -> Result<void> {
                             LAMINA_ASSIGN(subject.size, number("subject.size", size));
                             return {};
                           }},
                          {"annotations", into("subject.annotations", subject.annotations)},
                          {"artifactType", into("subject.artifactType", subject.artifact_type)}}));
  if (!digest) return wrong("subject", "a descriptor with a digest");
  subject.digest = *digest;
  request.subject = std::move(subject);
  return {};
}

Result<void> take_tags(const Json& value, PublishRequest& request) {
  const auto* array = value.as<Json::Array>();
  if (array == nullptr) return wrong("tags", "an array of strings");
  for (const Json& entry : *array) {
    LAMINA_ASSIGN(const std::string name, text("tags", entry));
    LAMINA_ASSIGN(auto tag, Tag::parse(name));
    request.tags.push_back(std::move(tag));
  }
  return {};
}

/// What holds between fields, however they came.
Result<PublishRequest> checked(PublishRequest request) {
  constexpr std::chrono::hours kOwned{1};
  if (request.owner && !request.ttl) request.ttl = kOwned;
  if (request.identity) LAMINA_TRY(validate(*request.identity));
  if ((request.condition.absent || request.condition.names) && request.tags.empty()) {
    return fail(Code::kInvalid, "publish: ifMatch and ifNoneMatch are conditions on tags; name one");
  }
  if (request.config_type == media_type::kEmpty && request.config != "{}") {
    return wrong("config", "the two bytes {} under the empty media type");
  }
  return request;
}

Result<std::uint64_t> query_number(std::string_view field, std::string_view value) {
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size()) return wrong(field, "a whole number");
  return parsed;
}

/// `key=value` into a map.
Result<void> add_pair(std::string_view field, std::string_view value, Annotations& target) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos || equals == 0) return wrong(field, "<key>=<value>");
  target[std::string(value.substr(0, equals))] = value.substr(equals + 1);
  return {};
}

}  // namespace

Result<PublishRequest> parse_publish_json(std::string_view bytes) {
  LAMINA_ASSIGN(const Json document, oci::parse_json(bytes));
  PublishRequest request;
  LAMINA_TRY(take_fields("publish", document,
                         {{"mediaType", into("mediaType", request.media_type)},
                          {"artifactType", into("artifactType", request.artifact_type)},
                          {"config", [&](const Json& value) { return take_config(value, request); }},
                          {"layer", [&](const Json& value) { return take_layer(value, request); }},
                          {"annotations", into("annotations", request.annotations)},
                          {"identity",
                           [&](const Json& value) -> Result<void> {
                             LAMINA_ASSIGN(request.identity, map_of_text("identity", value));
                             return {};
                           }},
                          {"subject", [&](const Json& value) { return take_subject(value, request); }},
                          {"tags", [&](const Json& value) { return take_tags(value, request); }},
                          {"ifMatch", into("ifMatch", request.condition.names)},
                          {"ifNoneMatch",
                           [&](const Json& value) -> Result<void> {
                             const auto* flag = value.as<bool>();
                             if (flag == nullptr) return wrong("ifNoneMatch", "true or false");
                             request.condition.absent = *flag;
                             return {};
                           }},
                          {"ttl",
                           [&](const Json& value) -> Result<void> {
                             LAMINA_ASSIGN(const std::uint64_t seconds, number("ttl", value));
                             LAMINA_ASSIGN(request.ttl, lifetime(seconds));
                             return {};
                           }},
                          {"owner",
                           [&](const Json& value) -> Result<void> {
                             LAMINA_ASSIGN(request.owner, parse_owner(value));
                             return {};
                           }},
                          {"fieldOrder", [&](const Json& value) -> Result<void> {
                             LAMINA_ASSIGN(const std::string name, text("fieldOrder", value));
                             LAMINA_ASSIGN(request.order, field_order(name));
                             return {};
                           }}}));
  return checked(std::move(request));
}

Result<PublishRequest> parse_publish_query(const http::Request& http_request) {
  PublishRequest request;
  const auto content_type = http_request.headers.find("Content-Type");
  // What curl says of every body where nobody told it better.
  if (content_type && *content_type != "application/x-www-form-urlencoded")
    request.layer_type = *content_type;
  std::vector<std::string> identity;
  for (const auto& [name, value] : http_request.query) {
    if (name == "mediaType") {
      request.media_type = value;
    } else if (name == "artifactType") {
      request.artifact_type = value;
    } else if (name == "configMediaType") {
      request.config_type = value;
    } else if (name == "annotation") {
      LAMINA_TRY(add_pair(name, value, request.annotations));
    } else if (name == "layerAnnotation") {
      LAMINA_TRY(add_pair(name, value, request.layer_annotations));
    } else if (name == "identity") {
      identity.push_back(value);
    } else if (name == "tag") {
      LAMINA_ASSIGN(auto tag, Tag::parse(value));
      request.tags.push_back(std::move(tag));
    } else if (name == "digest") {
      LAMINA_ASSIGN(request.layer_digest, Digest::parse(value));
    } else if (name == "ifMatch") {
      LAMINA_ASSIGN(request.condition.names, Digest::parse(value));
    } else if (name == "ifNoneMatch") {
      if (value != "true" && value != "false") return wrong(name, "true or false");
      request.condition.absent = value == "true";
    } else if (name == "ttl") {
      LAMINA_ASSIGN(const std::uint64_t seconds, query_number(name, value));
      LAMINA_ASSIGN(request.ttl, lifetime(seconds));
    } else if (name == "fieldOrder") {
      LAMINA_ASSIGN(request.order, field_order(value));
    } else {
      return fail(Code::kInvalid, "publish: there is no parameter '" + name + "'");
    }
  }
  if (!identity.empty()) {
    LAMINA_ASSIGN(request.identity, parse_identity_pairs(identity));
  }
  return checked(std::move(request));
}

Manifest manifest_of(const PublishRequest& request, const Digest& layer, std::uint64_t layer_size) {
  Manifest manifest;
  manifest.media_type = request.media_type;
  manifest.artifact_type = request.artifact_type;
  if (request.config_type == media_type::kEmpty) {
    manifest.config = empty_descriptor();
  } else {
    manifest.config = Descriptor{.media_type = request.config_type,
                                 .digest = Digest::of(request.config),
                                 .size = request.config.size()};
  }
  manifest.layers.push_back({.media_type = request.layer_type,
                             .digest = layer,
                             .size = layer_size,
                             .annotations = request.layer_annotations});
  manifest.subject = request.subject;
  manifest.annotations = request.annotations;
  if (request.identity)
    manifest.annotations[std::string(kIdentityAnnotation)] = canonical_json(*request.identity);
  return manifest;
}

}  // namespace lamina::registry
