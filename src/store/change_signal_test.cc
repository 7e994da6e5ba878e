// SPDX-License-Identifier: Apache-2.0
#include "store/change_signal.h"

#include <gtest/gtest.h>

#include "meta/testing/memory_meta_store.h"

namespace lamina::store {
namespace {

std::string change(std::string_view repository, std::string_view tag = {}) {
  return encode(ChangeRecord{
      .repository = std::string(repository), .tag = std::string(tag), .digest = Digest::of("x")});
}

TEST(ChangeSignal, WakesThoseWhoseFilterMatches) {
  const Tag v1 = Tag::parse("v1").value();
  const struct {
    ChangeFilter filter;
    std::string_view repository, tag;
    bool wakes;
  } kCases[] = {
      {{"", {}}, "a", "v1", true},    {{"", v1}, "a", "v1", true},   {{"", v1}, "a", "v2", false},
      {{"", v1}, "a", "", false},     {{"a", {}}, "a", "", true},    {{"a", {}}, "a", "v2", true},
      {{"a", {}}, "a/b", "", false},  {{"a", {}}, "ab", "", false},  {{"a", v1}, "a", "v1", true},
      {{"a", v1}, "a", "v2", false},  {{"a/", {}}, "a/b", "", true}, {{"a/", {}}, "a/b/c", "v1", true},
      {{"a/", {}}, "a", "v1", false}, {{"a/", {}}, "ab", "", false}, {{"a/", v1}, "a/b", "v1", true},
      {{"a/", v1}, "a/b", "", false},
  };
  for (const auto& c : kCases) {
    ChangeSignal signal;
    int calls = 0;
    const auto subscription = signal.subscribe(c.filter, [&] { ++calls; });
    signal.announce({{change(c.repository, c.tag)}});
    EXPECT_EQ(calls > 0, c.wakes) << c.filter.repository << " / " << c.repository << ':' << c.tag;
    signal.wake_all();
    EXPECT_EQ(calls, c.wakes ? 2 : 1);
  }
}

TEST(ChangeSignal, EndsWithTheSubscription) {
  ChangeSignal signal;
  int first = 0, second = 0;
  auto kept = signal.subscribe({"a", {}}, [&] { ++first; });
  {
    const auto moved = std::move(kept);
    const auto other = signal.subscribe({"a", {}}, [&] { ++second; });
    signal.announce({{change("a")}});
  }
  signal.announce({{change("a")}});
  signal.wake_all();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

class AnnouncingTest : public testing::Test {
 protected:
  int calls = 0;
  ChangeSignal signal;
  meta::MemoryMetaStore memory;
  AnnouncingMetaStore store{memory, signal};
  const ChangeSignal::Subscription subscription = signal.subscribe({}, [this] { ++calls; });
  const meta::Batch batch{.changes = {change("a")}};
};

TEST_F(AnnouncingTest, ACommitIsAnnounced) {
  ASSERT_TRUE(store.commit({}));
  EXPECT_EQ(calls, 0) << "no change";
  ASSERT_TRUE(store.commit(batch));
  EXPECT_EQ(calls, 1);
}

TEST_F(AnnouncingTest, AConflictIsNot) {
  memory.before_commit(
      [](const meta::Batch&) { return std::optional<Result<meta::Outcome>>(meta::Conflict{0}); });
  ASSERT_TRUE(store.commit(batch));
  EXPECT_EQ(calls, 0);
}

TEST_F(AnnouncingTest, WhatMayHaveBeenCommittedIs) {
  memory.after_commit([](const meta::Batch&) { return Error{Code::kInternal, About::kNothing, "broken"}; });
  EXPECT_FALSE(store.commit(batch));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace lamina::store
