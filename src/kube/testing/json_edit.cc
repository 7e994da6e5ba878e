// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/json_edit.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "kube/object.h"
#include "oci/quote.h"

namespace lamina::kube::testing {
namespace {

using oci::Json;
using Path = std::span<const std::string>;

const Json* find(const Json& json, Path path) {
  const Json* at = &json;
  for (const std::string& name : path) {
    at = at->find(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Json::Object members_of(const Json& json) {
  const auto* object = json.as<Json::Object>();
  return object == nullptr ? Json::Object() : *object;
}

Json set(const Json& json, Path path, Json value) {
  if (path.empty()) return value;
  Json::Object object = members_of(json);
  const auto found = std::ranges::find(object, path.front(), &Json::Member::name);
  if (found == object.end()) {
    object.push_back({path.front(), set(Json(), path.subspan(1), std::move(value))});
  } else {
    found->value = set(found->value, path.subspan(1), std::move(value));
  }
  return Json(Json::Value(std::move(object)));
}

Json unset(const Json& json, Path path) {
  Json::Object object = members_of(json);
  const auto found = std::ranges::find(object, path.front(), &Json::Member::name);
  if (found == object.end()) return json;
  if (path.size() > 1) {
    Json inner = unset(found->value, path.subspan(1));
    if (!members_of(inner).empty()) {
      found->value = std::move(inner);
      return Json(Json::Value(std::move(object)));
    }
  }
  object.erase(found);
  return Json(Json::Value(std::move(object)));
}

std::vector<std::string> parse_pointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (const char c : pointer) {
    if (c == '/') {
      tokens.emplace_back();
    } else if (!tokens.empty()) {
      tokens.back() += c;
    }
  }
  for (std::string& token : tokens) {
    for (const auto& [escape, plain] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}}) {
      for (std::size_t at = token.find(escape); at != std::string::npos; at = token.find(escape, at + 1)) {
        token.replace(at, 2, plain);
      }
    }
  }
  return tokens;
}

/// Does `operation` to what the last token names within `json`.
Result<Json> operate(const Json& json, Path tokens, const std::string& operation, const Json& value) {
  if (tokens.empty()) {
    if (operation != "test") return value;
    if (equal(json, value)) return json;
    return fail(Code::kInvalid, "the test of a JSON patch does not hold");
  }
  const auto missing = [&] {
    return fail(Code::kInvalid, "a JSON patch names " + tokens.front() + ", which is not there");
  };
  const bool last = tokens.size() == 1;
  if (const auto* array = json.as<Json::Array>()) {
    Json::Array elements = *array;
    std::size_t index = elements.size();
    if (tokens.front() != "-") {
      std::from_chars(tokens.front().data(), tokens.front().data() + tokens.front().size(), index);
    }
    if (last && operation == "add" && index <= elements.size()) {
      elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(index), value);
    } else if (index >= elements.size()) {
      return missing();
    } else if (last && operation == "remove") {
      elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      LAMINA_ASSIGN(elements[index], operate(elements[index], tokens.subspan(1), operation, value));
    }
    return Json(Json::Value(std::move(elements)));
  }
  Json::Object object = members_of(json);
  const auto found = std::ranges::find(object, tokens.front(), &Json::Member::name);
  if (found == object.end()) {
    if (!last || operation != "add") return missing();
    object.push_back({tokens.front(), value});
  } else if (last && operation == "remove") {
    object.erase(found);
  } else {
    LAMINA_ASSIGN(found->value, operate(found->value, tokens.subspan(1), operation, value));
  }
  return Json(Json::Value(std::move(object)));
}

void collect(const Json& json, JsonPath& path, std::map<JsonPath, Json>& leaves) {
  const auto* object = json.as<Json::Object>();
  if (object == nullptr || object->empty()) {
    leaves.emplace(path, json);
    return;
  }
  for (const auto& [name, value] : *object) {
    path.push_back(name);
    collect(value, path, leaves);
    path.pop_back();
  }
}

}  // namespace

const Json* find_at(const Json& json, const JsonPath& path) { return find(json, path); }

std::string text_at(const Json& json, const JsonPath& path) {
  const Json* found = find(json, path);
  const auto* text = found == nullptr ? nullptr : found->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

Json with(const Json& json, const JsonPath& path, Json value) { return set(json, path, std::move(value)); }
Json without(const Json& json, const JsonPath& path) { return unset(json, path); }

Json json_text(std::string text) { return Json(Json::Value(std::move(text))); }
Json json_number(std::int64_t number) { return Json(Json::Value(number)); }

bool equal(const Json& a, const Json& b) {
  const auto* left = a.as<Json::Object>();
  const auto* right = b.as<Json::Object>();
  if (left != nullptr && right != nullptr) {
    return left->size() == right->size() && std::ranges::all_of(*left, [&](const Json::Member& member) {
             const auto other = std::ranges::find(*right, member.name, &Json::Member::name);
             return other != right->end() && equal(member.value, other->value);
           });
  }
  const auto* first = a.as<Json::Array>();
  const auto* second = b.as<Json::Array>();
  if (first != nullptr && second != nullptr) return std::ranges::equal(*first, *second, equal);
  return to_text(a) == to_text(b);
}

Json merge_patch(const Json& json, const Json& patch) {
  const auto* changes = patch.as<Json::Object>();
  if (changes == nullptr) return patch;
  Json::Object object = members_of(json);
  for (const auto& [name, value] : *changes) {
    const auto found = std::ranges::find(object, name, &Json::Member::name);
    if (value.as<std::nullptr_t>() != nullptr) {
      if (found != object.end()) object.erase(found);
    } else if (found == object.end()) {
      object.push_back({name, merge_patch(Json(), value)});
    } else {
      found->value = merge_patch(found->value, value);
    }
  }
  return Json(Json::Value(std::move(object)));
}

Result<Json> json_patch(const Json& json, const Json& patch) {
  const auto* operations = patch.as<Json::Array>();
  if (operations == nullptr) return fail(Code::kInvalid, "expected an array of operations");
  Json result = json;
  for (const Json& operation : *operations) {
    const std::string name = text_at(operation, {"op"});
    if (name != "add" && name != "remove" && name != "replace" && name != "test")
      return fail(Code::kInvalid, "no operation " + oci::quote(name) + " in this fake");
    const Json* value = operation.find("value");
    LAMINA_ASSIGN(result, operate(result, parse_pointer(text_at(operation, {"path"})), name,
                                  value == nullptr ? Json() : *value));
  }
  return result;
}

std::map<JsonPath, Json> leaves_of(const Json& json) {
  std::map<JsonPath, Json> leaves;
  JsonPath path;
  collect(json, path, leaves);
  return leaves;
}

}  // namespace lamina::kube::testing
