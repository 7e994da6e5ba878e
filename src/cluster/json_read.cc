// SPDX-License-Identifier: Apache-2.0
#include "cluster/json_read.h"

#include <algorithm>

namespace lamina::cluster {

const oci::Json* find_at(const oci::Json& json, std::string_view path) {
  const oci::Json* at = &json;
  while (at != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    at = at->find(path.substr(0, dot));
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  return at;
}

std::string text_at(const oci::Json& json, std::string_view path) {
  const oci::Json* found = find_at(json, path);
  const auto* text = found != nullptr ? found->as<std::string>() : nullptr;
  return text != nullptr ? *text : std::string();
}

std::optional<std::int64_t> integer_at(const oci::Json& json, std::string_view path) {
  const oci::Json* found = find_at(json, path);
  const auto* number = found != nullptr ? found->as<std::int64_t>() : nullptr;
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

std::map<std::string, std::string> map_at(const oci::Json& json, std::string_view path) {
  std::map<std::string, std::string> map;
  const oci::Json* found = find_at(json, path);
  const auto* object = found != nullptr ? found->as<oci::Json::Object>() : nullptr;
  if (object == nullptr) return map;
  for (const auto& [name, value] : *object) {
    if (const auto* text = value.as<std::string>()) map.emplace(name, *text);
  }
  return map;
}

namespace {

template <class T>
bool same(const oci::Json& left, const oci::Json& right) {
  const T* a = left.as<T>();
  const T* b = right.as<T>();
  return a != nullptr && b != nullptr && *a == *b;
}

}  // namespace

bool contains(const oci::Json& whole, const oci::Json& part) {
  if (const auto* members = part.as<oci::Json::Object>()) {
    return std::ranges::all_of(*members, [&](const oci::Json::Member& member) {
      const oci::Json* found = whole.find(member.name);
      return found != nullptr && contains(*found, member.value);
    });
  }
  if (const auto* elements = part.as<oci::Json::Array>()) {
    const auto* others = whole.as<oci::Json::Array>();
    return others != nullptr && std::ranges::all_of(*elements, [&](const oci::Json& element) {
             return std::ranges::any_of(*others,
                                        [&](const oci::Json& other) { return contains(other, element); });
           });
  }
  return same<std::string>(whole, part) || same<std::int64_t>(whole, part) || same<bool>(whole, part) ||
         same<double>(whole, part);
}

}  // namespace lamina::cluster
