// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "lamina/manifest.h"
#include "oci/base64.h"
#include "oci/json.h"
#include "oci/quote.h"

namespace lamina {
namespace {

using oci::Json;
using oci::quote;

constexpr std::array<std::string_view, 8> kManifestFields = {
    "schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"};
constexpr std::array<std::string_view, 8> kDescriptorFields = {
    "mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"};

std::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalid, About::kManifest, "manifest: " + std::move(message));
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// `text` in lower case, with the two characters outside of ASCII that Go's decoder folds to ASCII letters.
std::string fold(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\u017f")) {  // long s
      out += 's';
      i += 1;
    } else if (text.substr(i).starts_with("\u212a")) {  // Kelvin sign
      out += 'k';
      i += 2;
    } else {
      out += lower(text[i]);
    }
  }
  return out;
}

/// Go's decoder takes `Layers` for `layers`: a document with either would mean one thing here and another
/// there.
Result<void> check_names(const Json& object, const std::string& where,
                         std::span<const std::string_view> fields) {
  for (const Json::Member& member : *object.as<Json::Object>()) {
    if (std::ranges::find(fields, member.name) != fields.end()) continue;
    const std::string folded = fold(member.name);
    for (const std::string_view field : fields) {
      if (std::ranges::equal(folded, field, {}, {}, lower)) {
        return invalid(where + std::string(field) + ": expected the name in this very case, found " +
                       quote(member.name));
      }
    }
  }
  return {};
}

/// RFC 6838 section 4.2, but for its length; parameters may follow.
bool is_media_type(std::string_view text) {
  const auto is_name = [](std::string_view name) {
    const auto is_alphanumeric = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && is_alphanumeric(name.front()) && std::ranges::all_of(name, [&](char c) {
      return is_alphanumeric(c) || std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
    });
  };
  const auto semicolon = text.find(';');
  const std::string_view parameters = semicolon == std::string_view::npos ? "" : text.substr(semicolon);
  if (!std::ranges::all_of(parameters, [](char c) { return c >= ' ' && c <= '~'; })) return false;
  const std::string_view type = text.substr(0, semicolon);
  const auto slash = type.find('/');
  return slash != std::string_view::npos && is_name(type.substr(0, slash)) && is_name(type.substr(slash + 1));
}

/// Empty where the field is absent.
Result<std::string> parse_text(const Json& object, const std::string& where, std::string_view name) {
  const Json* field = object.find(name);
  if (field == nullptr) return std::string();
  if (const auto* text = field->as<std::string>()) return *text;
  return invalid(where + std::string(name) + ": expected a string");
}

Result<std::string> parse_media_type(const Json& object, const std::string& where, std::string_view name) {
  LAMINA_ASSIGN(std::string text, parse_text(object, where, name));
  if (text.empty() || is_media_type(text)) return text;
  return invalid(where + std::string(name) + ": expected a media type as in RFC 6838, found " + quote(text));
}

Result<std::vector<std::string>> parse_texts(const Json& object, const std::string& where,
                                             std::string_view name) {
  std::vector<std::string> out;
  const Json* field = object.find(name);
  if (field == nullptr) return out;
  const std::string message = where + std::string(name) + ": expected an array of strings";
  const auto* array = field->as<Json::Array>();
  if (array == nullptr) return invalid(message);
  for (const Json& item : *array) {
    const auto* text = item.as<std::string>();
    if (text == nullptr) return invalid(message);
    out.push_back(*text);
  }
  return out;
}

Result<Annotations> parse_annotations(const Json& object, const std::string& where) {
  Annotations out;
  const Json* field = object.find("annotations");
  if (field == nullptr) return out;
  const auto* members = field->as<Json::Object>();
  if (members == nullptr) return invalid(where + "annotations: expected an object of strings");
  for (const auto& [name, value] : *members) {
    const auto* text = value.as<std::string>();
    if (text == nullptr) return invalid(where + "annotations: expected a string for " + quote(name));
    out.emplace(name, *text);
  }
  return out;
}

/// Nothing here acts on a platform, so only the types are checked: `os` and `architecture` may be missing.
Result<std::optional<Platform>> parse_platform(const Json& object, std::string where) {
  const Json* field = object.find("platform");
  if (field == nullptr) return std::nullopt;
  if (!field->as<Json::Object>()) return invalid(where + "platform: expected an object");
  where += "platform.";
  Platform out;
  LAMINA_ASSIGN(out.architecture, parse_text(*field, where, "architecture"));
  LAMINA_ASSIGN(out.os, parse_text(*field, where, "os"));
  LAMINA_ASSIGN(out.os_version, parse_text(*field, where, "os.version"));
  LAMINA_ASSIGN(out.os_features, parse_texts(*field, where, "os.features"));
  LAMINA_ASSIGN(out.variant, parse_text(*field, where, "variant"));
  return out;
}

/// The size is compared before the bytes are hashed.
Result<std::optional<std::string>> parse_data(const Json& object, const std::string& where,
                                              const Descriptor& descriptor) {
  if (object.find("data") == nullptr) return std::nullopt;
  LAMINA_ASSIGN(const std::string text, parse_text(object, where, "data"));
  std::optional<std::string> data = oci::from_base64(text);
  if (!data) return invalid(where + "data: expected base64 with padding, found " + quote(text));
  if (data->size() != descriptor.size ||
      Digest::of(*data, descriptor.digest.algorithm()) != descriptor.digest) {
    return invalid(where + "data: expected the " + std::to_string(descriptor.size) + " bytes of " +
                   descriptor.digest.to_string() + ", found " + std::to_string(data->size()) + " others");
  }
  return data;
}

Result<Descriptor> parse_descriptor(const Json& json, const std::string& path) {
  if (!json.as<Json::Object>()) return invalid(path + ": expected a descriptor, which is an object");
  const std::string where = path + '.';
  LAMINA_TRY(check_names(json, where, kDescriptorFields));
  Descriptor out;
  LAMINA_ASSIGN(out.media_type, parse_media_type(json, where, "mediaType"));
  if (out.media_type.empty()) return invalid(where + "mediaType: expected one, found none");
  LAMINA_ASSIGN(const std::string digest_text, parse_text(json, where, "digest"));
  auto digest = Digest::parse(digest_text);
  if (!digest) {
    return fail(digest.error().code, About::kManifest,
                "manifest: " + where + "digest: " + digest.error().message);
  }
  out.digest = *digest;
  const Json* size = json.find("size");
  const auto* bytes = size == nullptr ? nullptr : size->as<std::int64_t>();
  if (bytes == nullptr || *bytes < 0) return invalid(where + "size: expected an integer from 0 to 2^63-1");
  out.size = static_cast<std::uint64_t>(*bytes);
  LAMINA_ASSIGN(out.urls, parse_texts(json, where, "urls"));
  LAMINA_ASSIGN(out.annotations, parse_annotations(json, where));
  LAMINA_ASSIGN(out.data, parse_data(json, where, out));
  LAMINA_ASSIGN(out.platform, parse_platform(json, where));
  LAMINA_ASSIGN(out.artifact_type, parse_media_type(json, where, "artifactType"));
  return out;
}

Result<std::optional<Descriptor>> parse_optional_descriptor(const Json& object, const std::string& name) {
  const Json* field = object.find(name);
  if (field == nullptr) return std::nullopt;
  return parse_descriptor(*field, name);
}

Result<std::vector<Descriptor>> parse_descriptors(const Json& object, const std::string& name) {
  std::vector<Descriptor> out;
  const Json* field = object.find(name);
  if (field == nullptr) return out;
  const auto* array = field->as<Json::Array>();
  if (array == nullptr) return invalid(name + ": expected an array of descriptors");
  out.reserve(array->size());
  for (const Json& item : *array) {
    LAMINA_ASSIGN(Descriptor descriptor,
                  parse_descriptor(item, name + '[' + std::to_string(out.size()) + ']'));
    out.push_back(std::move(descriptor));
  }
  return out;
}

Result<void> check_offered(std::string_view type) {
  if (is_manifest_type(type)) return {};
  const bool schema1 = type == "application/vnd.docker.distribution.manifest.v1+json" ||
                       type == "application/vnd.docker.distribution.manifest.v1+prettyjws";
  return fail(Code::kUnsupported, About::kManifest,
              schema1
                  ? "manifest: Docker schema 1 is not offered; push it as an OCI image or as Docker schema 2"
                  : "manifest: expected the media type of an OCI image manifest or index or of a Docker "
                    "schema 2 manifest or list, found " +
                        quote(type));
}

/// What the document is, from the type it came under, else the type it states, else its fields.
Result<ManifestKind> kind_of(const Json& document, std::string_view content_type,
                             std::string_view stated_type) {
  const std::string_view type = content_type.empty() ? stated_type : content_type;
  if (!type.empty()) {
    LAMINA_TRY(check_offered(type));
    if (!stated_type.empty() && stated_type != type) {
      return invalid("mediaType: expected the Content-Type " + quote(type) + ", found " + quote(stated_type));
    }
    const bool index = type == media_type::kImageIndex || type == media_type::kDockerList;
    return index ? ManifestKind::kIndex : ManifestKind::kImage;
  }
  if (document.find("manifests") != nullptr) return ManifestKind::kIndex;
  if (document.find("config") != nullptr) return ManifestKind::kImage;
  return invalid(
      "expected a Content-Type, a mediaType, or one of the fields config and manifests; found none");
}

Result<void> check_version(const Json& document) {
  const Json* field = document.find("schemaVersion");
  const auto* version = field == nullptr ? nullptr : field->as<std::int64_t>();
  if (version != nullptr && *version == 2) return {};
  if (version != nullptr && *version == 1) {
    return invalid("schemaVersion: 1 is not offered; push the image as an OCI image or as Docker schema 2");
  }
  return invalid("schemaVersion: expected 2");
}

Result<void> parse_image(const Json& document, Manifest& out) {
  if (document.find("manifests") != nullptr) return invalid("an image must not have the field manifests");
  LAMINA_ASSIGN(out.config, parse_optional_descriptor(document, "config"));
  if (!out.config) return invalid("config: an image must have one");
  LAMINA_ASSIGN(out.layers, parse_descriptors(document, "layers"));
  if (out.config->media_type == media_type::kEmpty && out.artifact_type.empty()) {
    return invalid("artifactType: must be set where config is of type " + std::string(media_type::kEmpty));
  }
  return {};
}

Result<void> parse_index(const Json& document, Manifest& out) {
  for (const std::string_view name : {"layers", "config"}) {
    if (document.find(name) != nullptr)
      return invalid("an index must not have the field " + std::string(name));
  }
  // Go writes an empty list as null.
  const auto& fields = *document.as<Json::Object>();
  if (std::ranges::find(fields, "manifests", &Json::Member::name) == fields.end()) {
    return invalid("manifests: an index must have this field");
  }
  LAMINA_ASSIGN(out.manifests, parse_descriptors(document, "manifests"));
  return {};
}

}  // namespace

bool is_manifest_type(std::string_view media_type) {
  return media_type == media_type::kImageManifest || media_type == media_type::kImageIndex ||
         media_type == media_type::kDockerManifest || media_type == media_type::kDockerList;
}

std::string Manifest::effective_artifact_type() const {
  if (!artifact_type.empty()) return artifact_type;
  return config ? config->media_type : "";
}

std::string Manifest::effective_media_type(std::string_view content_type) const {
  if (!content_type.empty()) return std::string(content_type);
  if (!media_type.empty()) return media_type;
  return std::string(kind == ManifestKind::kIndex ? media_type::kImageIndex : media_type::kImageManifest);
}

Result<Manifest> parse_manifest(std::string_view bytes, std::string_view content_type) {
  if (bytes.size() > kMaxManifestBytes) {
    return fail(Code::kTooLarge, About::kManifest,
                "manifest: expected at most " + std::to_string(kMaxManifestBytes) + " bytes, found " +
                    std::to_string(bytes.size()));
  }
  if (!content_type.empty()) LAMINA_TRY(check_offered(content_type));
  const Result<Json> document = oci::parse_json(bytes);
  if (!document) return invalid(document.error().message);
  if (!document->as<Json::Object>()) return invalid("expected a JSON object");
  LAMINA_TRY(check_names(*document, "", kManifestFields));
  Manifest out;
  LAMINA_ASSIGN(out.media_type, parse_text(*document, "", "mediaType"));
  LAMINA_ASSIGN(out.kind, kind_of(*document, content_type, out.media_type));
  LAMINA_TRY(check_version(*document));
  LAMINA_ASSIGN(out.artifact_type, parse_media_type(*document, "", "artifactType"));
  LAMINA_ASSIGN(out.annotations, parse_annotations(*document, ""));
  LAMINA_ASSIGN(out.subject, parse_optional_descriptor(*document, "subject"));
  LAMINA_TRY(out.kind == ManifestKind::kIndex ? parse_index(*document, out) : parse_image(*document, out));
  return out;
}

}  // namespace lamina
