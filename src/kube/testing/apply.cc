// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/apply.h"

#include <algorithm>
#include <map>
#include <utility>

#include "kube/testing/json_edit.h"

namespace lamina::kube::testing {
namespace {

using oci::Json;

bool is_empty_object(const Json& json) {
  const auto* object = json.as<Json::Object>();
  return object != nullptr && object->empty();
}

/// Whether `live` has what is applied already. An empty object only says that there is one.
bool is_there(const Json* live, const Json& value) {
  if (live == nullptr) return false;
  return is_empty_object(value) ? live->as<Json::Object>() != nullptr : equal(*live, value);
}

std::unexpected<Error> conflict(const Applied& other, const JsonPath& path) {
  std::string message = "conflict with \"" + other.manager + "\": ";
  for (const std::string& name : path) message += "." + name;
  return std::unexpected(Error{Code::kConflict, About::kNothing, std::move(message), {"Conflict"}});
}

}  // namespace

Json own_fields(Json json) {
  for (const char* name : {"apiVersion", "kind"}) json = without(json, {name});
  for (const char* name : {"name", "namespace", "uid", "resourceVersion"})
    json = without(json, {"metadata", name});
  return json;
}

Result<Merged> merge_applied(const Json& now, std::vector<Applied> applied, const Applied& mine, bool force) {
  std::map<JsonPath, Json> wanted = leaves_of(mine.fields), had;
  wanted.erase(JsonPath());
  std::erase_if(applied, [&](const Applied& one) {
    if (one.manager != mine.manager || one.subresource != mine.subresource) return false;
    had = leaves_of(one.fields);
    return true;
  });

  Json next = now;
  for (const auto& [path, value] : had) {
    if (path.empty() || wanted.contains(path) || is_empty_object(value)) continue;
    if (std::ranges::none_of(applied,
                             [&](const Applied& other) { return find_at(other.fields, path) != nullptr; }))
      next = without(next, path);
  }
  for (const auto& [path, value] : wanted) {
    if (is_there(find_at(now, path), value)) continue;
    for (Applied& other : applied) {
      if (find_at(other.fields, path) == nullptr) continue;
      if (!force) return conflict(other, path);
      other.fields = without(other.fields, path);
    }
    next = with(next, path, value);
  }
  applied.push_back(mine);
  return Merged{std::move(next), std::move(applied)};
}

}  // namespace lamina::kube::testing
