// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "http/exchange.h"
#include "lamina/result.h"

namespace lamina::http {

/// Every limit on what a client may send; docs/limits.md repeats the table.
struct Limits {
  std::size_t header_bytes = 32 * 1024;  ///< Request line and header fields; 431 beyond.
  std::size_t target_bytes = 8 * 1024;   ///< 414 beyond; room for 10 `tag=` of 128 bytes and a 255-byte name.
  std::size_t connections = 10'000;      ///< 503 with Retry-After beyond, then closed.
  std::chrono::seconds header_timeout{30};  ///< From the first byte of a request to the end of its head.
  std::chrono::seconds idle_timeout{120};   ///< Between requests.
  std::chrono::seconds stall_timeout{60};   ///< Without any byte moving in a body, either way.
  std::uint64_t skip_bytes = 1024 * 1024;   ///< Unread request body that is skipped to keep a connection.
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;    ///< 0: the system chooses.
  std::size_t threads = 0;   ///< 0: one for each core.
  Limits limits;
};

/// HTTP/1.1. One io_context a thread; a connection stays on one. Knows nothing of OCI.
class Server {
 public:
  /// Binds and listens. kConflict where the port is in use (the message says how to find by whom),
  /// kDenied where it may not be used, kInvalid where the address is none.
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, Handler handler);
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  /// Serves until stop(); returns when every connection has ended.
  virtual void run() = 0;
  /// From any thread or signal handler thread. Accepts no more; idle connections close at once, requests in
  /// progress finish within `grace`, then are broken off.
  virtual void stop(std::chrono::seconds grace) = 0;
};

}  // namespace lamina::http
