// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <chrono>
#include <exception>
#include <utility>

#include "http/head.h"
#include "http/server_exchange.h"

namespace lamina::http {

namespace {

/// Not an answer: the client went away between requests, or before it had sent a whole one.
constexpr unsigned kNoAnswer = 0;

Wire::Time from_now(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

}  // namespace

Task<void> Connection::serve() {
  // GCC 12 compiles `while (co_await ...)` with an empty body to a trap.
  bool more = true;
  while (more) more = co_await serve_one();
}

Task<bool> Connection::serve_one() {
  if (site_.draining) co_return false;
  idle_ = true;
  Io io = co_await wire_.readable(from_now(site_.options.limits.idle_timeout));
  idle_ = false;
  if (io != Io::kOk) co_return false;

  auto head = co_await read_head();
  if (!head) {
    Fault fault = std::move(head).error();
    if (fault.status != kNoAnswer) co_await end_with(std::move(fault));
    co_return false;
  }
  head->request.peer = peer_;
  ServerExchange exchange(wire_, site_, *std::move(head));
  co_await handle(exchange);
  auto after = co_await exchange.finish();
  if (after == ServerExchange::After::kLinger) {
    co_await wire_.linger(from_now(site_.options.limits.linger_timeout));
  }
  co_return after == ServerExchange::After::kNext;
}

Task<void> Connection::handle(Exchange& exchange) {
  std::string what;
  try {
    co_await site_.handler(exchange);
    co_return;
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
    what = "something that is no std::exception";
  }
  // One handler's fault does not take the server down: ServerExchange::finish() answers or breaks off.
  if (site_.options.on_exception) site_.options.on_exception(what);
}

Task<std::expected<Head, Fault>> Connection::read_head() {
  const auto& limits = site_.options.limits;
  const auto deadline = from_now(limits.header_timeout);
  std::size_t scanned = 0;
  for (;;) {
    // Empty lines before a request are ignored: RFC 9112, section 2.2.
    while (scanned == 0 && wire_.buffered_text().starts_with("\r\n")) wire_.consume(2);
    auto text = wire_.buffered_text();
    if (text != "\r") {
      auto length = find_head(text, scanned, limits);
      if (!length) co_return std::unexpected(std::move(length).error());
      if (*length > 0) {
        auto head = parse_head(text.substr(0, *length), limits);
        wire_.consume(*length);
        co_return head;
      }
    }
    Io io = co_await wire_.fill(limits.header_bytes, deadline);
    if (io == Io::kCancelled) {
      co_return std::unexpected(Fault{.status = 408, .reason = "the request head was not complete in time"});
    }
    if (io != Io::kOk) co_return std::unexpected(Fault{.status = kNoAnswer, .reason = {}});
  }
}

Task<void> Connection::refuse() {
  idle_ = true;
  auto io = co_await wire_.readable(from_now(site_.options.limits.linger_timeout));
  idle_ = false;
  if (io != Io::kOk) co_return;
  Fault fault{.status = 503, .reason = "too many connections: try again later"};
  co_await end_with(std::move(fault));
}

Task<void> Connection::end_with(Fault fault) {
  co_await answer_fault(wire_, site_, fault);
  co_await wire_.linger(from_now(site_.options.limits.linger_timeout));
}

void Connection::drain() {
  if (idle_) wire_.cancel();
}

}  // namespace lamina::http
