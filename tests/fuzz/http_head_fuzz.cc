// SPDX-License-Identifier: Apache-2.0
// Heads of requests from anybody: what is accepted says in one way only where it ends and what it asks for.
#include <algorithm>
#include <cstddef>
#include <string>

#include "fuzz.h"
#include "http/head.h"

namespace lamina::http {
namespace {

void check_path(const std::string& path) {
  fuzz::require(path == "*" || path.starts_with('/'), "a path is absolute");
  fuzz::require(path.find('\0') == std::string::npos, "a path holds no NUL");
  const std::string closed = path + '/';
  fuzz::require(closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos,
                "a path holds no dot segment");
}

void check_head(std::string_view bytes) {
  const Limits limits;
  std::size_t scanned = 0;
  const auto length = find_head(bytes, scanned, limits);
  if (!length || *length == 0) return;
  fuzz::require(*length <= bytes.size() && *length <= limits.header_bytes, "a head lies within its limits");

  std::size_t scanned_by_bytes = 0;
  for (std::size_t size = 1; size < *length; ++size) {
    const auto part = find_head(bytes.substr(0, size), scanned_by_bytes, limits);
    fuzz::require(part.has_value() && *part == 0, "a head ends where it ends, however it arrives");
  }

  const auto head = parse_head(bytes.substr(0, *length), limits);
  if (!head) return;
  check_path(head->request.path);
  fuzz::require(!head->chunked || !head->request.content_length, "a body has one length");
}

}  // namespace
}  // namespace lamina::http

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lamina::http::check_head(lamina::fuzz::text_of(data, size));
  return 0;
}
