// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <utility>

#include "http/syntax.h"
#include "http/target.h"

namespace lamina::http {

namespace {

namespace beast = boost::beast::http;

std::unexpected<Fault> refuse(unsigned status, std::string reason) {
  return std::unexpected(Fault{.status = status, .reason = std::move(reason)});
}

Fault too_long_head(const Limits& limits) {
  return {.status = 431,
          .reason = "request line and header fields are longer than " + std::to_string(limits.header_bytes) +
                    " bytes"};
}

Fault too_long_target(const Limits& limits) {
  return {.status = 414,
          .reason = "the request target is longer than " + std::to_string(limits.target_bytes) + " bytes"};
}

struct RequestLine {
  std::string_view method, target;
  bool http_1_0 = false;
};

std::expected<RequestLine, Fault> parse_request_line(std::string_view line, const Limits& limits) {
  auto first = line.find(' ');
  auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "the request line is not `METHOD TARGET HTTP/1.1`");
  }
  RequestLine parsed{.method = line.substr(0, first), .target = line.substr(first + 1, last - first - 1)};
  if (!is_token(parsed.method)) return refuse(400, "the method holds characters that no method has");
  if (parsed.target.size() > limits.target_bytes) return std::unexpected(too_long_target(limits));
  auto version = line.substr(last + 1);
  if (!version.starts_with("HTTP/") || version.size() != 8 || version[6] != '.' || version[5] < '0' ||
      version[5] > '9' || version[7] < '0' || version[7] > '9') {
    return refuse(400, "the request line does not end with a version like `HTTP/1.1`");
  }
  if (version[5] != '1') return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  parsed.http_1_0 = version[7] == '0';
  return parsed;
}

/// The fields by Beast's parser, which checks names, values and line ends.
std::expected<Headers, Fault> parse_fields(std::string_view head, const Limits& limits) {
  beast::request_parser<beast::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.skip(true);  // The body is not the parser's business.
  parser.body_limit(boost::none);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (!error && !parser.is_header_done()) error = beast::error::partial_message;
  if (error == beast::error::header_limit) return std::unexpected(too_long_head(limits));
  if (error) return refuse(400, "malformed request head: " + error.message());
  Headers headers;
  for (const auto& field : parser.get())
    headers.add(std::string(field.name_string()), std::string(field.value()));
  return headers;
}

/// Where the body ends: RFC 9112, section 6.3, without its tolerance of repeated lengths.
std::expected<void, Fault> parse_framing(Head& head) {
  const auto& headers = head.request.headers;
  auto lengths = headers.all("Content-Length");
  auto codings = headers.all("Transfer-Encoding");
  if (lengths.size() > 1) return refuse(400, "more than one Content-Length");
  if (!codings.empty() && !lengths.empty()) return refuse(400, "both Transfer-Encoding and Content-Length");
  if (!codings.empty()) {
    if (head.http_1_0) return refuse(400, "Transfer-Encoding in an HTTP/1.0 request");
    if (codings.size() > 1 || !same_name(codings.front(), "chunked")) {
      return refuse(501, "the only transfer coding known here is chunked");
    }
    head.chunked = true;
    return {};
  }
  std::uint64_t length = 0;
  if (!lengths.empty()) {
    auto text = lengths.front();
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return refuse(400, "Content-Length is not a number of bytes");
    }
  }
  head.request.content_length = length;
  return {};
}

std::expected<void, Fault> parse_connection(Head& head) {
  bool close = false;
  bool keep_alive = false;
  for (auto values : head.request.headers.all("Connection")) {
    while (!values.empty()) {
      auto option = next_element(values);
      close = close || same_name(option, "close");
      keep_alive = keep_alive || same_name(option, "keep-alive");
    }
  }
  head.keep_alive = !close && (keep_alive || !head.http_1_0);
  auto expect = head.request.headers.find("Expect");
  if (!expect || head.http_1_0) return {};
  if (!same_name(*expect, "100-continue"))
    return refuse(417, "the only expectation known here is 100-continue");
  head.expects_continue = head.request.content_length != 0;
  return {};
}

}  // namespace

std::expected<std::size_t, Fault> find_head(std::string_view buffered, std::size_t& scanned,
                                            const Limits& limits) {
  if (!buffered.empty() && !is_token_char(buffered.front())) {
    return refuse(400, "what was sent does not begin like an HTTP request; is the client speaking TLS?");
  }
  // Bytes of the request line that are not the target: a method, two spaces, a version.
  constexpr std::size_t kRestOfLine = 64;
  for (;;) {
    auto line_end = buffered.find('\n', scanned);
    if (line_end == std::string_view::npos) break;
    if (line_end == 0 || buffered[line_end - 1] != '\r') return refuse(400, "a line ends without CR");
    bool empty_line = line_end >= 3 && buffered[line_end - 2] == '\n';
    scanned = line_end + 1;
    if (empty_line) {
      if (scanned > limits.header_bytes) return std::unexpected(too_long_head(limits));
      return scanned;
    }
  }
  bool in_first_line = scanned == 0;
  if (in_first_line && buffered.size() > limits.target_bytes + kRestOfLine) {
    return std::unexpected(too_long_target(limits));
  }
  if (buffered.size() >= limits.header_bytes) return std::unexpected(too_long_head(limits));
  return 0;
}

std::expected<Head, Fault> parse_head(std::string_view text, const Limits& limits) {
  auto line = parse_request_line(text.substr(0, text.find("\r\n")), limits);
  if (!line) return std::unexpected(line.error());
  // A folded line is one field to some programs and two to others.
  if (text.contains("\r\n ") || text.contains("\r\n\t")) return refuse(400, "a header line is folded");
  auto headers = parse_fields(text, limits);
  if (!headers) return std::unexpected(headers.error());

  Head head;
  head.http_1_0 = line->http_1_0;
  head.request.method = line->method;
  head.request.target = line->target;
  head.request.headers = *std::move(headers);
  auto target = parse_target(line->target);
  if (!target) return refuse(400, target.error().message);
  if (target->path == "*" && line->method != "OPTIONS")
    return refuse(400, "the target * is for OPTIONS only");
  head.request.path = std::move(target->path);
  head.request.query = std::move(target->query);

  auto hosts = head.request.headers.all("Host");
  if (hosts.size() > 1 || (hosts.empty() && !head.http_1_0)) {
    return refuse(400, "a request must have exactly one Host");
  }
  if (auto framing = parse_framing(head); !framing) return std::unexpected(framing.error());
  if (auto connection = parse_connection(head); !connection) return std::unexpected(connection.error());
  return head;
}

}  // namespace lamina::http
