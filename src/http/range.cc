// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/syntax.h"

namespace lamina::http {

namespace {

/// A number of any length; one past 64 bits is past the end of every file, so the largest stands for it.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  if (error != std::errc{}) return std::nullopt;
  return value;
}

}  // namespace

RangeChoice choose_range(std::string_view header, std::uint64_t size) {
  auto equals = header.find('=');
  if (equals == std::string_view::npos || !same_name(trim(header.substr(0, equals)), "bytes"))
    return WholeRange{};
  auto set = trim(header.substr(equals + 1));
  auto dash = set.find('-');
  if (dash == std::string_view::npos || set.contains(',')) return WholeRange{};
  auto first_text = trim(set.substr(0, dash));
  auto last_text = trim(set.substr(dash + 1));

  if (first_text.empty()) {
    auto suffix = parse_position(last_text);
    if (!suffix) return WholeRange{};
    if (*suffix == 0) return UnsatisfiableRange{};
    if (size == 0) return WholeRange{};  // All of nothing; no Content-Range can say so.
    return ByteRange{.first = size - std::min(*suffix, size), .last = size - 1};
  }
  auto first = parse_position(first_text);
  auto last = last_text.empty() ? std::numeric_limits<std::uint64_t>::max() : parse_position(last_text);
  if (!first || !last) return WholeRange{};
  if (*first > *last || *first >= size) return UnsatisfiableRange{};
  return ByteRange{.first = *first, .last = std::min(*last, size - 1)};
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

std::string unsatisfied_content_range(std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace lamina::http
