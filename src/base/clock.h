// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace lamina {

/// Wall-clock time in whole seconds, as stored in records.
using UnixTime = std::chrono::sys_seconds;

/// The source of time; passed in, so that tests can turn it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixTime now() const = 0;
};

class SystemClock final : public Clock {
 public:
  UnixTime now() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
};

/// A point in time that never goes back; only differences mean something.
using Instant = std::chrono::steady_clock::time_point;

/// The source of delays and time-outs; passed in, so that tests can turn it. Thread-safe.
class MonotonicClock {
 public:
  virtual ~MonotonicClock() = default;
  virtual Instant now() const = 0;
};

class SystemMonotonicClock final : public MonotonicClock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace lamina
