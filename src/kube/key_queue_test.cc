// SPDX-License-Identifier: Apache-2.0
#include "kube/key_queue.h"

#include <gtest/gtest.h>

#include <chrono>

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;

class KeyQueueTest : public testing::Test {
 protected:
  std::string take() { return queue_.take(now_).value_or("nothing"); }

  Instant now_ = Instant() + 1h;
  KeyQueue queue_{{.first = 5ms, .longest = 1000ms}};
};

TEST_F(KeyQueueTest, GivesEachKeyOnceInTheOrderOfArrival) {
  for (const char* key : {"b", "a", "b", "c", "a"}) queue_.add(key);
  EXPECT_EQ(queue_.ready(now_), 3U);
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "c");
  EXPECT_EQ(take(), "nothing");
}

TEST_F(KeyQueueTest, GivesAKeyAgainOnlyWhenItsWorkIsDone) {
  queue_.add("a");
  EXPECT_EQ(take(), "a");
  queue_.add("a");
  queue_.add("a");
  EXPECT_EQ(take(), "nothing");
  EXPECT_TRUE(queue_.done("a"));
  EXPECT_EQ(take(), "a");
  EXPECT_FALSE(queue_.done("a"));
  EXPECT_EQ(take(), "nothing");
}

TEST_F(KeyQueueTest, IgnoresTheEndOfWorkThatNobodyHas) {
  queue_.add("a");
  EXPECT_FALSE(queue_.done("a"));
  EXPECT_FALSE(queue_.done("never seen"));
  EXPECT_EQ(queue_.ready(now_), 1U);
}

TEST_F(KeyQueueTest, WaitsForTheEarliestOfSeveralTimes) {
  queue_.add_at("a", now_ + 30s);
  queue_.add_at("a", now_ + 10s);
  queue_.add_at("a", now_ + 20s);
  EXPECT_EQ(queue_.next_due(), now_ + 10s);
  now_ += 9999ms;
  EXPECT_EQ(take(), "nothing");
  EXPECT_EQ(queue_.ready(now_), 0U);
  now_ += 1ms;
  EXPECT_EQ(queue_.ready(now_), 1U);
  EXPECT_EQ(take(), "a");
  queue_.done("a");
  now_ += 1h;
  EXPECT_EQ(take(), "nothing");
}

TEST_F(KeyQueueTest, LetsWhatIsWantedNowEndADelay) {
  queue_.add_at("a", now_ + 10s);
  queue_.add("a");
  EXPECT_EQ(queue_.next_due(), std::nullopt);
  EXPECT_EQ(take(), "a");
  queue_.add("a");
  queue_.add_at("a", now_ + 10s);  // It comes again sooner than that.
  EXPECT_EQ(queue_.next_due(), std::nullopt);
  EXPECT_TRUE(queue_.done("a"));
}

TEST_F(KeyQueueTest, KeepsADelayThatEndsDuringTheWorkUntilItIsDone) {
  queue_.add("a");
  EXPECT_EQ(take(), "a");
  queue_.add_at("a", now_ + 1s);
  now_ += 2s;
  EXPECT_EQ(queue_.ready(now_), 0U);
  EXPECT_EQ(take(), "nothing");
  EXPECT_TRUE(queue_.done("a"));
  EXPECT_EQ(take(), "a");
}

TEST_F(KeyQueueTest, GivesWhatIsDueInTheOrderOfItsTimes) {
  queue_.add_at("later", now_ + 2s);
  queue_.add_at("sooner", now_ + 1s);
  now_ += 3s;
  EXPECT_EQ(take(), "sooner");
  EXPECT_EQ(take(), "later");
}

TEST_F(KeyQueueTest, DoublesTheDelayWithEachFailureUntilOneSucceeds) {
  const auto delay_after_failure = [&] {
    queue_.add_failed("a", now_);
    const auto delay = *queue_.next_due() - now_;
    now_ = *queue_.next_due();
    EXPECT_EQ(take(), "a");
    queue_.done("a");
    return delay;
  };
  for (const auto expected : {5ms, 10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1000ms, 1000ms}) {
    EXPECT_EQ(delay_after_failure(), expected);
  }
  EXPECT_EQ(queue_.failures("a"), 10U);
  queue_.forget("a");
  EXPECT_EQ(queue_.failures("a"), 0U);
  EXPECT_EQ(delay_after_failure(), 5ms);
}

TEST_F(KeyQueueTest, CancelsADelayButNotWhatIsReady) {
  queue_.add_at("a", now_ + 1s);
  queue_.add("b");
  queue_.cancel("a");
  queue_.cancel("b");
  queue_.cancel("never seen");
  now_ += 1h;
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "nothing");
}

}  // namespace
}  // namespace lamina::kube
