// SPDX-License-Identifier: Apache-2.0
#include "kube/work_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "base/testing/manual_clock.h"

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;

TEST(WorkQueue, TakesItsTimeFromTheClock) {
  ManualMonotonicClock clock;
  WorkQueue queue(clock, {.first = 1s, .longest = 1min});
  queue.add_after("a", 10s);
  queue.add_failed("b");
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.failures("b"), 1U);
  clock.turn(1s);
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_EQ(queue.take({}), "b");
  queue.forget("b");
  queue.done("b");
  EXPECT_EQ(queue.failures("b"), 0U);
  clock.turn(9s);
  EXPECT_EQ(queue.take({}), "a");
  queue.done("a");
  queue.add_after("a", 10s);
  queue.cancel("a");
  clock.turn(1h);
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(WorkQueue, WakesWhoWaits) {
  const SystemMonotonicClock clock;
  WorkQueue queue(clock);
  auto first = std::async(std::launch::async, [&] { return queue.take({}); });
  queue.add("a");
  EXPECT_EQ(first.get(), "a");

  auto second = std::async(std::launch::async, [&] { return queue.take({}); });
  queue.add_after("b", 1h);
  queue.add_after("c", 1ms);
  EXPECT_EQ(second.get(), "c");

  auto third = std::async(std::launch::async, [&] { return queue.take({}); });
  queue.add("a");  // Is in work.
  queue.done("a");
  EXPECT_EQ(third.get(), "a");
}

TEST(WorkQueue, WakesEachWaiterForAKey) {
  const SystemMonotonicClock clock;
  WorkQueue queue(clock);
  std::vector<std::future<std::optional<std::string>>> workers;
  for (int i = 0; i < 3; ++i)
    workers.push_back(std::async(std::launch::async, [&] { return queue.take({}); }));
  queue.add_after("later", 5ms);
  queue.add("now");
  queue.add_after("latest", 10ms);
  std::vector<std::string> taken;
  for (auto& worker : workers) taken.push_back(worker.get().value_or("nothing"));
  std::ranges::sort(taken);
  EXPECT_EQ(taken, (std::vector<std::string>{"later", "latest", "now"}));
}

TEST(WorkQueue, EndsForWhoWaits) {
  const SystemMonotonicClock clock;
  WorkQueue queue(clock);
  std::stop_source stop;
  auto stopped = std::async(std::launch::async, [&] { return queue.take(stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(stopped.get(), std::nullopt);

  auto shut = std::async(std::launch::async, [&] { return queue.take({}); });
  queue.shut_down();
  EXPECT_EQ(shut.get(), std::nullopt);
  queue.add("a");
  EXPECT_EQ(queue.take({}), std::nullopt);
}

TEST(WorkQueue, NeverGivesAKeyToTwoWorkersAndLosesNoWish) {
  constexpr std::size_t kKeys = 5;
  constexpr int kWishes = 2000;
  const SystemMonotonicClock clock;
  WorkQueue queue(clock, {.first = 0ms, .longest = 0ms});
  std::array<std::atomic<int>, kKeys> in_work{};
  std::array<std::atomic<int>, kKeys> wished{};
  std::array<std::atomic<int>, kKeys> seen{};
  std::atomic<bool> shared = false;

  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        while (const auto key = queue.take({})) {
          const std::size_t index = std::stoul(*key);
          if (in_work[index].fetch_add(1) != 0) shared = true;
          if (seen[index].exchange(wished[index]) % 3 == 0) queue.add_failed(*key);
          std::this_thread::yield();
          in_work[index].fetch_sub(1);
          queue.done(*key);
        }
      });
    }
    std::vector<std::jthread> wishers;
    for (std::size_t i = 0; i < 2; ++i) {
      wishers.emplace_back([&, i] {
        for (int wish = 0; wish < kWishes; ++wish) {
          const std::size_t key = (i + static_cast<std::size_t>(wish)) % kKeys;
          ++wished[key];
          queue.add(std::to_string(key));
        }
      });
    }
    wishers.clear();
    // What is wished last has to be seen, however the wish met the work.
    const auto all_seen = [&] {
      for (std::size_t key = 0; key < kKeys; ++key) {
        if (seen[key] != wished[key]) return false;
      }
      return true;
    };
    while (!all_seen()) std::this_thread::yield();
    queue.shut_down();
  }
  EXPECT_FALSE(shared);
}

}  // namespace
}  // namespace lamina::kube
