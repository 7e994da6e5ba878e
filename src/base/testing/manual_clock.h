// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace lamina {

/// A monotonic clock that stands still until it is turned. Thread-safe; wakes nobody who waits.
class ManualMonotonicClock final : public MonotonicClock {
 public:
  Instant now() const override { return now_; }
  void turn(Instant::duration by) { now_ = now_.load() + by; }

 private:
  std::atomic<Instant> now_{Instant() + std::chrono::hours(1)};
};

}  // namespace lamina
