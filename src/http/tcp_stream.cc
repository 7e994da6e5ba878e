// SPDX-License-Identifier: Apache-2.0
#include "http/tcp_stream.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lamina::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

Io to_io(const boost::system::error_code& error) {
  if (!error) return Io::kOk;
  if (error == asio::error::eof) return Io::kEnd;
  if (error == asio::error::operation_aborted) return Io::kCancelled;
  return Io::kBroken;
}

class TcpStream final : public Stream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    // An answer goes out in one call, so there is nothing for Nagle's algorithm to gather.
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  Task<Io> readable() override {
    auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, kAwait);
    co_return to_io(error);
  }

  Task<Moved> read_some(std::span<std::byte> buffer) override {
    auto [error, bytes] =
        co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kAwait);
    co_return Moved{.io = to_io(error), .bytes = bytes};
  }

  Task<Moved> write_some(std::span<const std::byte> first, std::span<const std::byte> second) override {
    std::array<asio::const_buffer, 2> buffers{asio::const_buffer(first.data(), first.size()),
                                              asio::const_buffer(second.data(), second.size())};
    auto [error, bytes] = co_await socket_.async_write_some(buffers, kAwait);
    co_return Moved{.io = to_io(error), .bytes = bytes};
  }

  void cancel() override {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }

  void finish() override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void reset() override {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(tcp::socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace lamina::http
