// SPDX-License-Identifier: Apache-2.0
#include "cmd/health_page.h"

#include <utility>

namespace lamina::cmd {
namespace {

http::Task<void> answer(http::Exchange& exchange) {
  const std::string& path = exchange.request().path;
  const bool known = path == "/livez" || path == "/readyz";
  http::Response response;
  response.status = known ? 200 : 404;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = known ? "ok\n" : "there is /livez and /readyz\n";
  const auto sent = co_await exchange.respond(std::move(response));
  static_cast<void>(sent);  // Whoever asked is gone.
}

}  // namespace

HealthPage::HealthPage(std::unique_ptr<http::Server> server)
    : server_(std::move(server)), thread_([this] { server_->run(); }) {}

HealthPage::~HealthPage() {
  server_->stop(std::chrono::seconds(0));
  thread_.join();
}

Result<std::unique_ptr<HealthPage>> HealthPage::open(const std::string& address, std::uint16_t port) {
  LAMINA_ASSIGN(auto server, http::Server::listen({.address = address, .port = port, .threads = 1}, &answer));
  return std::unique_ptr<HealthPage>(new HealthPage(std::move(server)));
}

}  // namespace lamina::cmd
