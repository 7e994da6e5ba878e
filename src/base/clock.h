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

}  // namespace lamina
