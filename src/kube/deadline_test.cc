// SPDX-License-Identifier: Apache-2.0
#include "kube/deadline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;

/// Blocks until a stop is requested.
void wait_for(const std::stop_token& stop) {
  while (pause(1h, stop)) {
  }
}

TEST(Deadline, StopsWhatIsInProgressWhenItsTimeHasCome) {
  const SystemMonotonicClock clock;
  const Deadline deadline(clock, clock.now() + 1ms, {});
  wait_for(deadline.token());
  EXPECT_TRUE(deadline.passed());
}

TEST(Deadline, CanBeMovedForward) {
  const SystemMonotonicClock clock;
  Deadline deadline(clock, clock.now() + 1h, {});
  EXPECT_FALSE(deadline.token().stop_requested());
  deadline.move_to(clock.now() + 1ms);
  wait_for(deadline.token());
  EXPECT_TRUE(deadline.passed());
}

TEST(Deadline, PassesAnOuterStopOn) {
  const SystemMonotonicClock clock;
  std::stop_source outer;
  const Deadline deadline(clock, clock.now() + 1h, outer.get_token());
  outer.request_stop();
  wait_for(deadline.token());
  EXPECT_FALSE(deadline.passed());

  const Deadline late(clock, clock.now() + 1h, outer.get_token());
  EXPECT_TRUE(late.token().stop_requested());
}

TEST(Pause, EndsWithItsTimeOrWithAStop) {
  EXPECT_TRUE(pause(1ms, {}));
  EXPECT_TRUE(pause(-1ms, {}));
  std::stop_source stop;
  auto paused = std::async(std::launch::async, [&] { return pause(1h, stop.get_token()); });
  stop.request_stop();
  EXPECT_FALSE(paused.get());
}

}  // namespace
}  // namespace lamina::kube
