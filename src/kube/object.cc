// SPDX-License-Identifier: Apache-2.0
#include "kube/object.h"

#include <array>
#include <charconv>
#include <utility>

#include "kube/json_text.h"
#include "oci/json_writer.h"

namespace lamina::kube {
namespace {

void write(oci::JsonWriter& writer, const oci::Json& json) {
  if (const auto* object = json.as<oci::Json::Object>()) {
    writer.begin_object();
    for (const auto& [name, value] : *object) write(writer.name(name), value);
    writer.end_object();
  } else if (const auto* array = json.as<oci::Json::Array>()) {
    writer.begin_array();
    for (const oci::Json& element : *array) write(writer, element);
    writer.end_array();
  } else if (const auto* text = json.as<std::string>()) {
    writer.string(*text);
  } else if (const auto* integer = json.as<std::int64_t>()) {
    writer.integer(*integer);
  } else if (const auto* boolean = json.as<bool>()) {
    writer.boolean(*boolean);
  } else if (const auto* number = json.as<double>()) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *number).ptr;
    writer.raw(std::string_view(digits.data(), end));
  } else {
    writer.raw("null");
  }
}

std::unexpected<Error> nameless() {
  return fail(Code::kInvalid, "expected an object of Kubernetes with a metadata.name, found none");
}

void read_metadata(Object& object, std::string_view name, std::string_view value) {
  const auto text = [&] { return string_of(value).value_or(std::string()); };
  if (name == "name") {
    object.key.name = text();
  } else if (name == "namespace") {
    object.key.namespace_name = text();
  } else if (name == "uid") {
    object.uid = text();
  } else if (name == "resourceVersion") {
    object.resource_version = text();
  } else if (name == "generation") {
    std::from_chars(value.data(), value.data() + value.size(), object.generation);
  } else if (name == "deletionTimestamp") {
    object.deleting = value != "null";
  }
}

/// Appends an object of `members` but one named `without`; `append` writes their values.
template <class Append>
void append_object(std::string& out, const std::vector<TextMember>& members, std::string_view without,
                   Append append) {
  const char* separator = "{";
  for (const TextMember& member : members) {
    if (member.name == without) continue;
    ((out += separator) += '"') += member.name;
    out += "\":";
    append(member);
    separator = ",";
  }
  out += *separator == '{' ? "{}" : "}";
}

}  // namespace

Result<Object> parse_object(std::string_view json) {
  LAMINA_ASSIGN(const auto members, members_of(json));
  const std::string_view metadata_text = value_of(members, "metadata");
  if (metadata_text.empty()) return nameless();
  LAMINA_ASSIGN(const auto metadata, members_of(metadata_text));
  Object object;
  object.json.reserve(json.size());
  append_object(object.json, members, {}, [&](const TextMember& member) {
    if (member.name != "metadata") return append_compact(object.json, member.value);
    append_object(object.json, metadata, "managedFields", [&](const TextMember& field) {
      read_metadata(object, field.name, field.value);
      append_compact(object.json, field.value);
    });
  });
  if (object.key.name.empty()) return nameless();
  object.json.shrink_to_fit();  // What was left out can be the larger part, and objects are kept.
  return object;
}

Result<Object> object_of(const oci::Json& json) { return parse_object(to_text(json)); }

std::string to_text(const oci::Json& json) {
  oci::JsonWriter writer(oci::JsonEscapes::kMinimal);
  write(writer, json);
  return writer.take();
}

}  // namespace lamina::kube
