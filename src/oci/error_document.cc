// SPDX-License-Identifier: Apache-2.0
#include "oci/error_document.h"

#include "oci/json.h"
#include "oci/json_writer.h"

namespace lamina::oci {

std::string error_document(std::string_view code, std::string_view message, std::string_view detail) {
  JsonWriter out(JsonEscapes::kMinimal);  // For eyes, too.
  out.begin_object().name("errors").begin_array().begin_object();
  out.name("code").string(code).name("message").string(message);
  if (!detail.empty()) out.name("detail").raw(detail);
  return out.end_object().end_array().end_object().take() + '\n';
}

std::optional<ErrorEntry> parse_error_document(std::string_view body) {
  const Result<Json> document = parse_json(body);
  if (!document) return std::nullopt;
  const Json* errors = document->find("errors");
  const auto* array = errors == nullptr ? nullptr : errors->as<Json::Array>();
  if (array == nullptr || array->empty()) return std::nullopt;
  const auto text = [&](std::string_view name) {
    const Json* field = array->front().find(name);
    return field == nullptr ? nullptr : field->as<std::string>();
  };
  const std::string* code = text("code");
  if (code == nullptr) return std::nullopt;
  const std::string* message = text("message");
  return ErrorEntry{*code, message == nullptr ? "" : *message};
}

}  // namespace lamina::oci
