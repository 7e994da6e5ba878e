// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

namespace lamina::kube::testing {

/// A clock that a test turns. Used on one thread.
class TurnedClock final : public Clock {
 public:
  UnixTime now() const override { return time; }
  UnixTime time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
};

}  // namespace lamina::kube::testing
