// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include <algorithm>

#include "http/syntax.h"

namespace lamina::http {

namespace {

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// What follows the authority of an absolute form, or the target itself.
std::string_view strip_authority(std::string_view target) {
  auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return target;
  auto scheme = target.substr(0, scheme_end);
  if (!same_name(scheme, "http") && !same_name(scheme, "https")) return target;
  auto rest = target.substr(scheme_end + 3);
  auto path = rest.find_first_of("/?");
  if (path == 0) return target;
  return path == std::string_view::npos ? std::string_view("/") : rest.substr(path);
}

Result<std::string> decode_path(std::string_view path) {
  std::string decoded;
  decoded.reserve(path.size());
  while (!path.empty()) {
    path.remove_prefix(1);  // The '/' before each segment.
    auto raw = path.substr(0, path.find('/'));
    path.remove_prefix(raw.size());
    LAMINA_ASSIGN(auto segment, percent_decode(raw));
    if (segment == "." || segment == "..") {
      return fail(Code::kInvalid, "the path holds a segment '.' or '..': send the path that is meant");
    }
    if (segment.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
      return fail(Code::kInvalid, "the path holds an encoded '/' or NUL: neither is part of any name here");
    }
    decoded += '/';
    decoded += segment;
  }
  return decoded;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  if (target == "*") return Target{.path = "*", .query = {}};
  bool clean = std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!clean) {
    return fail(Code::kInvalid,
                "the request target holds '#', a space, a control or a non-ASCII character: "
                "percent-encode it");
  }
  auto local = strip_authority(target);
  auto question = local.find('?');
  auto path = local.substr(0, question);
  if (path.empty() && local.data() != target.data()) path = "/";
  if (!path.starts_with('/')) return fail(Code::kInvalid, "the request target does not begin with '/'");
  Target parsed;
  LAMINA_ASSIGN(parsed.path, decode_path(path));
  if (question != std::string_view::npos) {
    LAMINA_ASSIGN(parsed.query, decode_query(local.substr(question + 1)));
  }
  return parsed;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(Code::kInvalid, "bad percent-encoding: '%' must be followed by two hexadecimal digits");
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

Result<QueryPairs> decode_query(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    auto equals = std::min(pair.find('='), pair.size());
    LAMINA_ASSIGN(auto name, percent_decode(pair.substr(0, equals)));
    LAMINA_ASSIGN(auto value, percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
    if (name.contains('\0') || value.contains('\0')) {
      return fail(Code::kInvalid, "the query holds an encoded NUL");
    }
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c) || keep.contains(c)) {
      encoded += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 15U];
    }
  }
  return encoded;
}

std::string encode_path(std::string_view path) { return percent_encode(path, "/:@!$&'()*+,;="); }

std::string encode_query(const QueryPairs& pairs) {
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (!query.empty()) query += '&';
    query += percent_encode(name, ":@/");
    query += '=';
    query += percent_encode(value, ":@/");
  }
  return query;
}

}  // namespace lamina::http
