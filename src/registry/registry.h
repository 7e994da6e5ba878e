// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "http/exchange.h"
#include "http/workers.h"
#include "registry/changes.h"
#include "store/store.h"

namespace lamina::registry {

struct Options {
  /// Base of the absolute URLs that answers carry; empty: paths. Never taken from a request.
  std::string advertise_url;
  std::string version;
  /// Entries of a list where the client names no `n`, and the most that it may name.
  std::size_t page = 1000;
  std::size_t largest_page = 10'000;
  /// Requests that wait for a change, and how long they do at most.
  std::size_t waiters = 4096;
  std::chrono::milliseconds longest_wait{60'000};
  /// Called with the cause of each 5xx answer.
  std::function<void(const http::Request&, const Error&)> log_failure = [](const http::Request&,
                                                                           const Error&) {};
};

/// The HTTP face of a store: OCI Distribution 1.1.1 and Lamina's extensions, as docs/api says. Thread-safe.
/// The store and the workers outlive it.
class Registry {
 public:
  Registry(store::Store& store, http::Workers& workers, Options options)
      : store_(store), workers_(workers), options_(std::move(options)), waiters_(options_.waiters) {}

  /// Answers one request.
  http::Task<void> serve(http::Exchange& exchange);

  /// Until this is called, and after it is called with false, /readyz answers 503.
  void set_ready(bool ready) { ready_ = ready; }

  /// Requests that wait for a change.
  std::size_t waiting() const { return waiters_.count(); }
  /// Has them answered, and no other one wait. Before the server stops, so that they do not hold it up.
  void stop_waiting();

 private:
  store::Store& store_;
  http::Workers& workers_;
  Options options_;
  Waiters waiters_;
  std::atomic<bool> ready_ = false;
};

}  // namespace lamina::registry
