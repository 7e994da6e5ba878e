// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "http/tcp_stream.h"

namespace lamina::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// Connections beyond the limit that are told so; those beyond that are closed without a word.
constexpr std::size_t kMaxRefused = 256;
/// Timeouts are looked after at this rate: one sweep costs less than a timer for every read.
constexpr std::chrono::seconds kSweep{1};

/// One thread with its connections. Everything but context() runs on that thread.
class Lane {
 public:
  Lane(const ServerOptions& options, const Handler& handler, const Clock& clock)
      : site_{.options = options, .handler = handler, .date = DateCache(clock)} {}

  asio::io_context& context() { return context_; }

  /// One connection to its end; then counts `open` down.
  Task<void> host(std::unique_ptr<Stream> stream, std::string peer, bool refused,
                  std::atomic<std::size_t>& open);
  void drain(std::chrono::seconds grace);

 private:
  Task<void> sweep();

  Site site_;
  std::unordered_set<Connection*> connections_;
  bool sweeping_ = false;
  Wire::Time break_off_at_ = Wire::kNever;
  // Last, so that it goes first: it destroys the coroutines that it still holds.
  asio::io_context context_{1};
  asio::steady_timer sweep_timer_{context_};
  std::optional<Guard> running_{context_.get_executor()};
};

Task<void> Lane::host(std::unique_ptr<Stream> stream, std::string peer, bool refused,
                      std::atomic<std::size_t>& open) {
  Connection connection(site_, std::move(stream), std::move(peer));
  struct Entry {
    std::unordered_set<Connection*>& connections;
    Connection* connection;
    std::atomic<std::size_t>& open;
    ~Entry() {
      connections.erase(connection);
      open.fetch_sub(1, std::memory_order_relaxed);
    }
  };
  {
    Entry entry{connections_, &connection, open};
    connections_.insert(&connection);
    if (!std::exchange(sweeping_, true)) asio::co_spawn(context_, sweep(), asio::detached);
    if (refused) {
      co_await connection.refuse();
    } else {
      co_await connection.serve();
    }
  }
  // The end of the last one need not wait for the next sweep.
  if (connections_.empty() && site_.draining) sweep_timer_.cancel();
}

Task<void> Lane::sweep() {
  while (!connections_.empty()) {
    sweep_timer_.expires_after(kSweep);
    co_await sweep_timer_.async_wait(kAwait);
    auto now = std::chrono::steady_clock::now();
    for (auto* connection : connections_) {
      if (now >= break_off_at_) {
        connection->break_off();
      } else {
        connection->expire(now);
      }
    }
  }
  sweeping_ = false;
}

void Lane::drain(std::chrono::seconds grace) {
  site_.draining = true;
  break_off_at_ = std::chrono::steady_clock::now() + grace;
  for (auto* connection : connections_) connection->drain();
  sweep_timer_.cancel();  // A grace of 0 is over now.
  running_.reset();
}

std::string to_text(const tcp::endpoint& endpoint) {
  auto address = endpoint.address().to_string();
  auto port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

class TcpServer final : public Server {
 public:
  TcpServer(ServerOptions options, Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {
    auto threads =
        options_.threads > 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
    const Clock& clock = options_.clock != nullptr ? *options_.clock : system_clock_;
    for (std::size_t i = 0; i < threads; ++i) {
      lanes_.push_back(std::make_unique<Lane>(options_, handler_, clock));
    }
    acceptor_.emplace(lanes_.front()->context());
    retry_timer_.emplace(lanes_.front()->context());
  }

  Result<void> bind();
  std::uint16_t port() const override { return port_; }
  void run() override;
  void stop(std::chrono::seconds grace) override;

 private:
  Task<void> accept();
  void receive(Lane& lane, tcp::socket socket);

  const ServerOptions options_;
  const Handler handler_;
  const SystemClock system_clock_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> served_ = 0;
  std::atomic<std::size_t> refused_ = 0;
  std::vector<std::unique_ptr<Lane>> lanes_;
  // Used on the first lane's thread.
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> retry_timer_;
  bool stopping_ = false;
};

std::unexpected<Error> cannot_listen(const ServerOptions& options, const boost::system::error_code& error) {
  auto where = options.address + " port " + std::to_string(options.port);
  if (error == asio::error::address_in_use) {
    return fail(Code::kConflict, where + " is in use: `ss -ltnp sport = :" + std::to_string(options.port) +
                                     "` shows by which process; stop that or choose another port");
  }
  if (error == asio::error::access_denied) {
    return fail(Code::kDenied, where + " may not be used by this user: choose a port from 1024 on");
  }
  if (error == boost::system::errc::address_not_available ||
      error == asio::error::address_family_not_supported) {
    return fail(Code::kInvalid, options.address + " is not an address of this machine");
  }
  return fail(Code::kInternal, "cannot listen on " + where + ": " + error.message());
}

Result<void> TcpServer::bind() {
  boost::system::error_code error;
  auto address = asio::ip::make_address(options_.address, error);
  if (error) {
    return fail(Code::kInvalid,
                "'" + options_.address + "' is not an IP address to listen on, like 127.0.0.1 or ::");
  }
  tcp::endpoint endpoint(address, options_.port);
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(tcp::acceptor::max_listen_connections, error);
  if (!error) port_ = acceptor_->local_endpoint(error).port();
  if (error) return cannot_listen(options_, error);
  return {};
}

void TcpServer::run() {
  asio::co_spawn(lanes_.front()->context(), accept(), asio::detached);
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < lanes_.size(); ++i) {
    threads.emplace_back([lane = lanes_[i].get()] { lane->context().run(); });
  }
  lanes_.front()->context().run();
}

void TcpServer::stop(std::chrono::seconds grace) {
  asio::post(lanes_.front()->context(), [this, grace] {
    stopping_ = true;
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    retry_timer_->cancel();
    // From here, so that each lane hears of it after the last connection that was handed to it.
    for (auto& lane : lanes_) {
      asio::post(lane->context(), [lane = lane.get(), grace] { lane->drain(grace); });
    }
  });
}

Task<void> TcpServer::accept() {
  for (std::size_t next = 0; !stopping_; ++next) {
    Lane& lane = *lanes_[next % lanes_.size()];
    auto [error, socket] = co_await acceptor_->async_accept(lane.context(), kAwait);
    if (!error && !stopping_) {
      receive(lane, std::move(socket));
    } else if (error && !stopping_ && error != asio::error::connection_aborted) {
      // Out of descriptors or memory: trying at once would only burn the processor.
      retry_timer_->expires_after(std::chrono::milliseconds(100));
      co_await retry_timer_->async_wait(kAwait);
    }
  }
}

void TcpServer::receive(Lane& lane, tcp::socket socket) {
  // Only this thread counts up, so neither limit can be passed.
  const bool refused = served_.load(std::memory_order_relaxed) >= options_.limits.connections;
  auto& open = refused ? refused_ : served_;
  if (refused && open.load(std::memory_order_relaxed) >= kMaxRefused) return;
  boost::system::error_code error;
  auto peer = socket.remote_endpoint(error);
  if (error) return;
  open.fetch_add(1, std::memory_order_relaxed);
  asio::co_spawn(lane.context(), lane.host(make_tcp_stream(std::move(socket)), to_text(peer), refused, open),
                 asio::detached);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, Handler handler) {
  auto server = std::make_unique<TcpServer>(std::move(options), std::move(handler));
  LAMINA_TRY(server->bind());
  return server;
}

}  // namespace lamina::http
