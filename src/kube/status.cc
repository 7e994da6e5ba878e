// SPDX-License-Identifier: Apache-2.0
#include "kube/status.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "oci/json.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

using oci::Json;

constexpr std::string_view kRetryAfter = "retryAfterSeconds=";

std::string text_of(const Json& json, std::string_view name) {
  const Json* member = json.find(name);
  const auto* text = member == nullptr ? nullptr : member->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

Code code_of(unsigned status, std::string_view message) {
  // Server-side apply of a field that the schema does not have is a 500 without reason (1.37).
  if (message.contains("field not declared in schema")) return Code::kInvalid;
  switch (status) {
    case 401: return Code::kUnauthorized;
    case 403: return Code::kDenied;
    case 404: return Code::kNotFound;
    case 405: return Code::kUnsupported;
    case 409: return Code::kConflict;
    case 410: return Code::kOutOfRange;
    case 413: return Code::kTooLarge;
    case 408:
    case 429: return Code::kUnavailable;
    default: return status >= 400 && status < 500 ? Code::kInvalid : Code::kUnavailable;
  }
}

/// The message with the causes that it does not name itself.
std::string message_of(const Json& status) {
  std::string message = text_of(status, "message");
  const Json* details = status.find("details");
  const Json* causes = details == nullptr ? nullptr : details->find("causes");
  const auto* list = causes == nullptr ? nullptr : causes->as<Json::Array>();
  if (list == nullptr) return message;
  for (const Json& cause : *list) {
    const std::string field = text_of(cause, "field"), why = text_of(cause, "message");
    if (message.contains(why) && message.contains(field)) continue;
    message += "; ";
    if (!field.empty()) message += field + ": ";
    message += why;
  }
  return message;
}

std::string retry_after_of(const http::HttpResponse& response, const Json& status) {
  const auto field = response.headers.find("Retry-After");
  std::int64_t seconds = 0;
  // An HTTP-date, which proxies may send, is no number and leaves 0.
  if (field) std::from_chars(field->data(), field->data() + field->size(), seconds);
  const Json* details = status.find("details");
  const Json* named = details == nullptr ? nullptr : details->find("retryAfterSeconds");
  if (const auto* number = named == nullptr ? nullptr : named->as<std::int64_t>(); seconds <= 0 && number)
    seconds = *number;
  return seconds <= 0 ? std::string() : std::string(kRetryAfter) + std::to_string(seconds);
}

}  // namespace

Error error_of(const http::HttpResponse& response, std::string_view what) {
  auto parsed = oci::parse_json(response.body);
  const Json status = parsed && text_of(*parsed, "kind") == "Status" ? *std::move(parsed) : Json();
  std::string message = message_of(status);
  if (message.empty()) {
    message = "the server answered " + std::to_string(response.status);
    if (!response.body.empty()) message += " " + oci::quote(response.body);
  }
  Error error{.code = code_of(response.status, message), .message = std::string(what) + ": " + message};
  const std::string reason = text_of(status, "reason"), delay = retry_after_of(response, status);
  if (!reason.empty() || !delay.empty()) error.detail.push_back(reason);
  if (!delay.empty()) error.detail.push_back(delay);
  return error;
}

std::optional<std::chrono::seconds> retry_after(const Error& error) {
  for (const std::string_view detail : error.detail) {
    if (!detail.starts_with(kRetryAfter)) continue;
    std::int64_t seconds = 0;
    std::from_chars(detail.data() + kRetryAfter.size(), detail.data() + detail.size(), seconds);
    if (seconds > 0) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

}  // namespace lamina::kube
