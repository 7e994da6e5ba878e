// SPDX-License-Identifier: Apache-2.0
#include "kube/discovery.h"

#include <algorithm>

#include "oci/json.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

using oci::Json;

/// A CRD can have many versions, and a cluster hundreds of CRDs.
constexpr std::size_t kMaxValues = 5'000'000;

std::string text_of(const Json& json, std::string_view name) {
  const Json* member = json.find(name);
  const auto* text = member == nullptr ? nullptr : member->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

const Json::Array& array_of(const Json& json, std::string_view name) {
  static const Json::Array none;
  const Json* member = json.find(name);
  const auto* array = member == nullptr ? nullptr : member->as<Json::Array>();
  return array == nullptr ? none : *array;
}

std::vector<std::string> texts_of(const Json& json, std::string_view name) {
  std::vector<std::string> texts;
  for (const Json& element : array_of(json, name)) {
    if (const auto* text = element.as<std::string>()) texts.push_back(*text);
  }
  return texts;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool has_name(const DiscoveredType& found, const std::string& name) {
  return found.type.plural == name || lower(found.type.kind) == name ||
         (found.singular == name && !name.empty()) ||
         std::ranges::find(found.short_names, name) != found.short_names.end();
}

/// `qualifier` is `group` or `version.group`; for the core group `version` too.
bool is_of(const ResourceType& type, const std::string& qualifier) {
  return qualifier == type.group || qualifier == type.version + "." + type.group ||
         (type.group.empty() && qualifier == type.version);
}

}  // namespace

Result<std::vector<DiscoveredType>> read_aggregated_discovery(std::string_view json) {
  LAMINA_ASSIGN(const Json list, oci::parse_json(json, kMaxValues));
  if (text_of(list, "kind") != "APIGroupDiscoveryList")
    return fail(Code::kUnsupported,
                "expected an APIGroupDiscoveryList, found " + oci::quote(text_of(list, "kind")));
  std::vector<DiscoveredType> types;
  for (const Json& group : array_of(list, "items")) {
    const Json* metadata = group.find("metadata");
    const std::string group_name = metadata == nullptr ? std::string() : text_of(*metadata, "name");
    for (const Json& version : array_of(group, "versions")) {
      for (const Json& resource : array_of(version, "resources")) {
        const Json* kind = resource.find("responseKind");
        types.push_back({.type = {.group = group_name,
                                  .version = text_of(version, "version"),
                                  .plural = text_of(resource, "resource"),
                                  .kind = kind == nullptr ? std::string() : text_of(*kind, "kind"),
                                  .namespaced = text_of(resource, "scope") == "Namespaced"},
                         .singular = text_of(resource, "singularResource"),
                         .short_names = texts_of(resource, "shortNames")});
      }
    }
  }
  return types;
}

Result<std::vector<std::string>> read_group_versions(std::string_view json) {
  LAMINA_ASSIGN(const Json list, oci::parse_json(json, kMaxValues));
  if (text_of(list, "kind") == "APIVersions") return texts_of(list, "versions");
  std::vector<std::string> versions;
  for (const Json& group : array_of(list, "groups")) {
    const Json* preferred = group.find("preferredVersion");
    const std::string first = preferred == nullptr ? std::string() : text_of(*preferred, "groupVersion");
    if (!first.empty()) versions.push_back(first);
    for (const Json& version : array_of(group, "versions")) {
      std::string name = text_of(version, "groupVersion");
      if (name != first) versions.push_back(std::move(name));
    }
  }
  return versions;
}

Result<std::vector<DiscoveredType>> read_resource_list(std::string_view json) {
  LAMINA_ASSIGN(const Json list, oci::parse_json(json, kMaxValues));
  const std::string group_version = text_of(list, "groupVersion");
  const std::size_t slash = group_version.find('/');
  const std::string group = slash == std::string::npos ? std::string() : group_version.substr(0, slash);
  const std::string version = slash == std::string::npos ? group_version : group_version.substr(slash + 1);
  std::vector<DiscoveredType> types;
  for (const Json& resource : array_of(list, "resources")) {
    std::string plural = text_of(resource, "name");
    if (plural.contains('/')) continue;
    const Json* namespaced = resource.find("namespaced");
    const bool* in_namespace = namespaced == nullptr ? nullptr : namespaced->as<bool>();
    types.push_back({.type = {.group = group,
                              .version = version,
                              .plural = std::move(plural),
                              .kind = text_of(resource, "kind"),
                              .namespaced = in_namespace != nullptr && *in_namespace},
                     .singular = text_of(resource, "singularName"),
                     .short_names = texts_of(resource, "shortNames")});
  }
  return types;
}

Result<ResourceType> match_type(std::span<const DiscoveredType> types, std::string_view name) {
  const std::string wanted = lower(name);
  const std::size_t dot = wanted.find('.');
  const std::string first = wanted.substr(0, dot);
  const ResourceType* match = nullptr;
  const ResourceType* last = nullptr;
  std::string candidates;
  for (const DiscoveredType& found : types) {
    if (!has_name(found, first)) continue;
    if (dot != std::string::npos && !is_of(found.type, wanted.substr(dot + 1))) continue;
    if (last != nullptr && last->group == found.type.group) continue;  // A less preferred version.
    if (found.type.group.empty()) return found.type;
    last = &found.type;
    if (match == nullptr) match = last;
    candidates += (candidates.empty() ? "" : ", ") + found.type.plural + "." + found.type.group;
  }
  if (match == nullptr) {
    return fail(Code::kNotFound, "the cluster has no type named " + oci::quote(name) +
                                     "; is its CustomResourceDefinition installed?");
  }
  if (!candidates.contains(',')) return *match;
  return fail(Code::kInvalid,
              oci::quote(name) + " is the name of several types; say which one: " + candidates);
}

}  // namespace lamina::kube
