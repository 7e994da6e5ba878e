// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "http/exchange.h"
#include "http/fault.h"
#include "http/limits.h"

namespace lamina::http {

/// The head of a request and what it says of the connection.
struct Head {
  Request request;  ///< Without the peer.
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool http_1_0 = false;
};

/// The length of the head at the start of `buffered`, with the empty line that ends it; 0 while there is
/// more to come. `scanned` bytes were looked at before; it is moved on. Fails as soon as no continuation
/// could make a head within the limits.
std::expected<std::size_t, Fault> find_head(std::string_view buffered, std::size_t& scanned,
                                            const Limits& limits);

/// Parses and checks what find_head() found: RFC 9112, read strictly where leniency would let two programs
/// disagree on where a message ends. Pure.
std::expected<Head, Fault> parse_head(std::string_view head, const Limits& limits);

}  // namespace lamina::http
