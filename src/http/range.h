// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace lamina::http {

/// Byte ranges of RFC 9110, section 14. All functions are pure.

/// Both ends are part of the range.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

/// Serve everything with 200: the header is to be ignored.
struct WholeRange {
  bool operator==(const WholeRange&) const = default;
};

/// Answer 416 with `Content-Range: bytes */size`.
struct UnsatisfiableRange {
  bool operator==(const UnsatisfiableRange&) const = default;
};

using RangeChoice = std::variant<WholeRange, ByteRange, UnsatisfiableRange>;

/// What the value of a Range header asks of a representation of `size` bytes. Ignored as the RFC allows:
/// units other than bytes, several ranges, and what is not a range at all. Not as the RFC says, but as the
/// conformance suite of OCI wants it: a range that ends before it begins is unsatisfiable. Whether If-Range
/// lets the header count is for the caller to find out first.
RangeChoice choose_range(std::string_view header, std::uint64_t size);

/// `bytes 0-99/1000`
std::string content_range(const ByteRange& range, std::uint64_t size);
/// `bytes */1000`, for a 416.
std::string unsatisfied_content_range(std::uint64_t size);

}  // namespace lamina::http
