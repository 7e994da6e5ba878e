// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "http/server.h"
#include "lamina/result.h"

namespace lamina::cmd {

/// GET /livez and /readyz of a process that serves nothing else: 200 for as long as this lives.
class HealthPage {
 public:
  /// As http::Server::listen().
  static Result<std::unique_ptr<HealthPage>> open(const std::string& address, std::uint16_t port);
  ~HealthPage();
  std::uint16_t port() const { return server_->port(); }

 private:
  explicit HealthPage(std::unique_ptr<http::Server> server);
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace lamina::cmd
