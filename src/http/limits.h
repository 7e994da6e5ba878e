// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lamina::http {

/// Every limit on what a client may send; docs/limits.md repeats the table. Times are kept to the second.
struct Limits {
  std::size_t header_bytes = 32 * 1024;  ///< Request line and header fields; 431 beyond.
  std::size_t target_bytes = 8 * 1024;   ///< 414 beyond; room for 10 `tag=` of 128 bytes and a 255-byte name.
  std::size_t connections = 10'000;      ///< 503 with Retry-After beyond, then closed.
  std::chrono::seconds header_timeout{30};  ///< From the first byte of a request to the end of its head; 408.
  std::chrono::seconds idle_timeout{120};   ///< Between requests.
  std::chrono::seconds stall_timeout{60};   ///< Without any byte moving in a body, either way.
  std::uint64_t skip_bytes = 1024 * 1024;   ///< Unread request body that is skipped to keep a connection.
  /// For the client to take an answer that it got before it had sent all, when the connection then closes.
  std::chrono::seconds linger_timeout{5};
};

}  // namespace lamina::http
