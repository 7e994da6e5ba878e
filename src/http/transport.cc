// SPDX-License-Identifier: Apache-2.0
#include "http/transport.h"

#include <algorithm>

namespace lamina::http {

Result<std::size_t> StringBody::read(std::span<std::byte> buffer) {
  const auto rest = std::as_bytes(std::span(bytes_)).subspan(at_);
  const std::size_t count = std::min(buffer.size(), rest.size());
  std::ranges::copy(rest.first(count), buffer.begin());
  at_ += count;
  return count;
}

Result<bool> StringBody::rewind() {
  at_ = 0;
  return true;
}

}  // namespace lamina::http
