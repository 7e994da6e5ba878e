// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <thread>

#include "http/server.h"

namespace lamina::http {

/// A server on 127.0.0.1 that runs in threads of its own until it is destroyed; two threads where `options`
/// does not say. Fails the running test, and aborts, where it cannot listen.
class ServerThread {
 public:
  explicit ServerThread(Handler handler, ServerOptions options = {});
  ~ServerThread();
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  std::uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }
  /// Stops and waits for the end.
  void stop(std::chrono::seconds grace);

 private:
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

}  // namespace lamina::http
