// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

#include "http/exchange.h"

namespace lamina::http {

/// Threads for calls that block on a disk or a database, so that connections never wait for one another.
class Workers {
 public:
  explicit Workers(std::size_t threads) : pool_(threads) {}

  /// Runs `call()` on a worker and comes back to the caller's executor with its value. `call` must not throw.
  template <class F>
  Task<std::invoke_result_t<F&>> run(F call) {
    auto home = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(boost::asio::bind_executor(pool_.get_executor(), boost::asio::use_awaitable));
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      call();
      co_await boost::asio::post(boost::asio::bind_executor(home, boost::asio::use_awaitable));
    } else {
      auto value = call();
      co_await boost::asio::post(boost::asio::bind_executor(home, boost::asio::use_awaitable));
      co_return value;
    }
  }

  /// Waits for the calls in progress.
  void join() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace lamina::http
