// SPDX-License-Identifier: Apache-2.0
#include "controller/fields.h"

#include "kube/time.h"

namespace lamina::controller::fields {

const oci::Json* find(const oci::Json* object, std::string_view name) {
  return object == nullptr ? nullptr : object->find(name);
}

std::string text(const oci::Json& object, std::string_view name) { return text(&object, name); }

std::string text(const oci::Json* object, std::string_view name) {
  const oci::Json* member = find(object, name);
  const auto* value = member == nullptr ? nullptr : member->as<std::string>();
  return value == nullptr ? std::string{} : *value;
}

std::int64_t integer(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* value = member == nullptr ? nullptr : member->as<std::int64_t>();
  return value == nullptr ? 0 : *value;
}

bool boolean(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* value = member == nullptr ? nullptr : member->as<bool>();
  return value != nullptr && *value;
}

UnixTime time(const oci::Json& object, std::string_view name) {
  const auto parsed = kube::parse_time(text(object, name));
  return parsed ? *parsed : UnixTime{};
}

std::chrono::milliseconds duration(const oci::Json& object, std::string_view name,
                                   std::chrono::milliseconds otherwise) {
  const std::string written = text(object, name);
  if (written.empty()) return otherwise;
  const auto parsed = kube::parse_duration(written);
  return parsed ? *parsed : otherwise;
}

const oci::Json::Array& array(const oci::Json* list) {
  static const oci::Json::Array kNone;
  const auto* value = list == nullptr ? nullptr : list->as<oci::Json::Array>();
  return value == nullptr ? kNone : *value;
}

std::map<std::string, std::string, std::less<>> texts(const oci::Json* object) {
  std::map<std::string, std::string, std::less<>> all;
  const auto* members = object == nullptr ? nullptr : object->as<oci::Json::Object>();
  if (members == nullptr) return all;
  for (const auto& [name, value] : *members) {
    if (const auto* written = value.as<std::string>()) all.emplace(name, *written);
  }
  return all;
}

}  // namespace lamina::controller::fields
