// SPDX-License-Identifier: Apache-2.0
#include "http/testing/server_thread.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

namespace lamina::http {

ServerThread::ServerThread(Handler handler, ServerOptions options) {
  if (options.threads == 0) options.threads = 2;
  auto server = Server::listen(std::move(options), std::move(handler));
  if (!server) {
    ADD_FAILURE() << server.error().message;
    std::abort();
  }
  server_ = *std::move(server);
  thread_ = std::jthread([this] { server_->run(); });
}

ServerThread::~ServerThread() { stop(std::chrono::seconds(0)); }

void ServerThread::stop(std::chrono::seconds grace) {
  server_->stop(grace);
  if (thread_.joinable()) thread_.join();
}

}  // namespace lamina::http
