// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/exchange.h"
#include "http/limits.h"
#include "lamina/result.h"

namespace lamina::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;   ///< 0: the system chooses.
  std::size_t threads = 0;  ///< 0: one for each core.
  Limits limits;
  /// The answer to a request that breaks the protocol, which no handler sees: `reason` says how. Plain text
  /// where absent. Called on any of the server's threads.
  std::function<Response(unsigned status, std::string_view reason)> render_error;
  /// Told what a handler threw; the client gets a 500 or a broken transfer. Called as render_error is.
  std::function<void(std::string_view what)> on_exception;
  const Clock* clock = nullptr;  ///< For the Date header; the system's where absent. Outlives the server.
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
