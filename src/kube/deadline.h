// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"

namespace lamina::kube {

/// Waits for `delay`, or until `stop` is requested; false in the latter case.
bool pause(std::chrono::nanoseconds delay, const std::stop_token& stop);

/// Requests a stop of what cannot watch the time itself, such as a request that blocks: once a point in time
/// that can be moved has come, or as soon as an outer stop is requested. Thread-safe.
class Deadline {
 public:
  Deadline(const MonotonicClock& clock, Instant when, const std::stop_token& outer);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// Has no effect once the time has come.
  void move_to(Instant when);
  /// True where the time has come, rather than the outer stop.
  bool passed() const;
  std::stop_token token() const { return stop_.get_token(); }

 private:
  void wait();

  const MonotonicClock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any moved_;
  Instant when_;         // Under mutex_.
  bool passed_ = false;  // Under mutex_.
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_;
  std::thread thread_;
};

}  // namespace lamina::kube
