// SPDX-License-Identifier: Apache-2.0
#include "client/url.h"
#include "http/syntax.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

namespace lamina::client {
namespace {

namespace urls = boost::urls;

std::unexpected<Error> malformed(std::string_view url) {
  return fail(Code::kInvalid, "expected an absolute http or https URL, found '" + std::string(url) + "'");
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// True where the parameters behind `<...>` hold rel=next, in quotes or not, alone or among others.
bool is_next(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t start = parameters.find_first_not_of("; \t");
    if (start == std::string_view::npos) return false;
    parameters.remove_prefix(start);
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = parameters.substr(0, end);
    parameters.remove_prefix(end);
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view name = parameter.substr(0, equals);
    name = name.substr(0, name.find_last_not_of(" \t") + 1);
    if (!http::same_name(name, "rel")) continue;
    std::string_view relations = parameter.substr(equals + 1);
    while (!relations.empty()) {
      const std::size_t first = relations.find_first_not_of(" \t\"");
      if (first == std::string_view::npos) return false;
      relations.remove_prefix(first);
      const std::size_t length = std::min(relations.find_first_of(" \t\""), relations.size());
      if (http::same_name(relations.substr(0, length), "next")) return true;
      relations.remove_prefix(length);
    }
  }
  return false;
}

}  // namespace

Result<std::string> origin_of(std::string_view url) {
  const auto parsed = urls::parse_uri(url);
  if (!parsed || parsed->encoded_host().empty()) return malformed(url);
  urls::url normal(*parsed);
  normal.normalize();
  const std::string scheme = normal.scheme();
  if (scheme != "http" && scheme != "https") return malformed(url);
  std::string port = normal.port();
  if (port.empty()) port = scheme == "http" ? "80" : "443";
  return scheme + "://" + std::string(normal.encoded_host()) + ":" + port;
}

bool is_loopback(std::string_view registry) {
  if (registry.starts_with("[::1]")) return true;
  const std::string_view host = registry.substr(0, registry.find(':'));
  return host == "localhost" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

Result<std::string> resolve_url(std::string_view base, std::string_view reference) {
  const auto parsed_base = urls::parse_uri(base);
  if (!parsed_base) return malformed(base);
  const auto parsed = urls::parse_uri_reference(reference);
  if (!parsed)
    return fail(Code::kInvalid,
                "the registry answered with a malformed URL '" + std::string(reference) + "'");
  urls::url resolved;
  const auto done = urls::resolve(*parsed_base, *parsed, resolved);
  if (!done) return malformed(reference);
  resolved.remove_fragment();
  return std::string(resolved.buffer());
}

void add_query(std::string& url, std::string_view name, std::string_view value) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += name;
  url += '=';
  // ':' and '/' are allowed in a query; digests and repository names stay readable in logs.
  url += percent_encode(value, ":/");
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

std::optional<std::string> next_link(const Headers& headers) {
  for (std::string_view value : headers.all("Link")) {
    while (true) {
      const std::size_t open = value.find('<');
      const std::size_t close = value.find('>', open == std::string_view::npos ? value.size() : open);
      if (close == std::string_view::npos) break;
      const std::string_view target = value.substr(open + 1, close - open - 1);
      // Up to the next target; a comma inside a quoted parameter is cut too, which does no harm to rel.
      const std::size_t end = std::min(value.find('<', close), value.size());
      std::string_view parameters = value.substr(close + 1, end - close - 1);
      if (const std::size_t comma = parameters.find_last_not_of(" \t,"); comma != std::string_view::npos) {
        parameters = parameters.substr(0, comma + 1);
      }
      if (is_next(parameters)) return std::string(target);
      value.remove_prefix(end);
    }
  }
  return std::nullopt;
}

}  // namespace lamina::client
