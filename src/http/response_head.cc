// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/syntax.h"

namespace lamina::http {

namespace {

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "";  // The phrase is optional (RFC 9112, section 4).
  }
}

bool is_the_connections(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames{"Content-Length", "Transfer-Encoding", "Connection",
                                                          "Date", "Server"};
  return std::ranges::any_of(kNames, [&](auto own) { return same_name(own, name); });
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool has_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

std::optional<std::string> serialise_head(const Response& response, const ResponseFrame& frame) {
  if (response.status < 200 || response.status > 599) return std::nullopt;
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason_phrase(response.status)).append("\r\n");
  append_field(head, "Date", frame.date);
  append_field(head, "Server", "lamina");
  for (const auto& [name, value] : response.headers) {
    if (is_the_connections(name)) continue;
    if (!is_token(name) || !is_field_value(value)) return std::nullopt;
    append_field(head, name, value);
  }
  if (frame.content_length) append_field(head, "Content-Length", std::to_string(*frame.content_length));
  if (!frame.connection.empty()) append_field(head, "Connection", frame.connection);
  head.append("\r\n");
  return head;
}

}  // namespace lamina::http
