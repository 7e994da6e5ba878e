// SPDX-License-Identifier: Apache-2.0
#include "kube/event_aggregator.h"

#include <gtest/gtest.h>

#include <chrono>

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;

class EventAggregatorTest : public testing::Test {
 protected:
  /// `name x count` of what is sent, or `dropped`.
  std::string take(const std::string& object, const std::string& content) {
    const auto sent =
        aggregator_.take(object, content, now_, [this] { return "e" + std::to_string(++names_); });
    return sent ? sent->name + " x " + std::to_string(sent->count) : "dropped";
  }

  UnixTime now_ = UnixTime(1'700'000'000s);
  int names_ = 0;
  EventAggregator aggregator_;
};

TEST_F(EventAggregatorTest, CountsEqualOnes) {
  EXPECT_EQ(take("o", "a"), "e1 x 1");
  EXPECT_EQ(take("o", "a"), "e1 x 2");
  EXPECT_EQ(take("o", "b"), "e2 x 1");
  now_ += 600s;
  EXPECT_EQ(take("o", "a"), "e1 x 3");
  now_ += 601s;
  EXPECT_EQ(take("o", "a"), "e3 x 1");
}

TEST_F(EventAggregatorTest, KeepsTheTimeOfTheFirst) {
  const auto new_name = [] { return std::string("e"); };
  const UnixTime first = now_;
  EXPECT_EQ(aggregator_.take("o", "a", now_, new_name)->first, first);
  now_ += 60s;
  EXPECT_EQ(aggregator_.take("o", "a", now_, new_name)->first, first);
}

TEST_F(EventAggregatorTest, GivesAnObjectABurstThenOneInFiveMinutes) {
  for (int i = 1; i <= 25; ++i) EXPECT_EQ(take("o", "a"), "e1 x " + std::to_string(i));
  EXPECT_EQ(take("o", "a"), "dropped");
  EXPECT_EQ(take("o", "b"), "dropped");
  EXPECT_EQ(take("another", "c"), "e2 x 1");
  now_ += 299s;
  EXPECT_EQ(take("o", "a"), "dropped");
  now_ += 1s;
  EXPECT_EQ(take("o", "a"), "e1 x 28");  // The dropped ones count.
  EXPECT_EQ(take("o", "a"), "dropped");
  now_ += 24h;
  for (int i = 1; i <= 25; ++i) EXPECT_EQ(take("o", "a"), "e3 x " + std::to_string(i));
  EXPECT_EQ(take("o", "a"), "dropped");
}

TEST_F(EventAggregatorTest, ForgetsTheOldestOfTooMany) {
  constexpr int kMost = 4096;
  EXPECT_EQ(take("o", "first"), "e1 x 1");
  now_ += 1s;
  for (int i = 1; i < kMost; ++i) take("o" + std::to_string(i), "c" + std::to_string(i));
  now_ += 1s;
  EXPECT_EQ(take("o", "first"), "e1 x 2");
  take("one more", "one more");
  take("and one", "and one");
  EXPECT_EQ(take("o", "first"), "e1 x 3");
}

}  // namespace
}  // namespace lamina::kube
