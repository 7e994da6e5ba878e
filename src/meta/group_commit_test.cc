// SPDX-License-Identifier: Apache-2.0
#include "meta/group_commit.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace lamina::meta {
namespace {

using testing::ElementsAre;

TEST(GroupCommit, GathersWhatArrivesWhileAGroupIsApplied) {
  constexpr std::size_t kFollowers = 5;
  std::atomic<bool> go = false;
  std::vector<std::size_t> groups;
  std::uint64_t sequence = 0;
  GroupCommit queue(1'000'000, [&](std::span<GroupCommit::Member* const> group) {
    go.wait(false);
    groups.push_back(group.size());
    for (GroupCommit::Member* member : group) member->outcome = Committed{++sequence};
  });
  {
    std::vector<std::jthread> threads;
    for (std::size_t index = 0; index < kFollowers + 1; ++index) {
      threads.emplace_back([&] { EXPECT_TRUE(queue.commit({})); });
    }
    while (queue.waiting() != kFollowers) std::this_thread::yield();
    go = true;
    go.notify_all();
  }
  EXPECT_THAT(groups, ElementsAre(1, kFollowers));
  EXPECT_EQ(sequence, kFollowers + 1);
}

TEST(GroupCommit, BoundsAGroupByBytesButTakesAtLeastOne) {
  std::atomic<bool> go = false;
  std::vector<std::size_t> groups;
  const Batch small{.writes = {{Table::kTags, "k", std::string(100, 'v')}}};
  GroupCommit queue(2 * size_of(small), [&](std::span<GroupCommit::Member* const> group) {
    go.wait(false);
    groups.push_back(group.size());
    for (GroupCommit::Member* member : group) member->outcome = Committed{1};
  });
  {
    std::vector<std::jthread> threads;
    const auto arrive = [&](std::size_t waiting, const std::string& value) {
      threads.emplace_back(
          [&queue, value] { EXPECT_TRUE(queue.commit({.writes = {{Table::kTags, "k", value}}})); });
      while (queue.waiting() != waiting) std::this_thread::yield();
    };
    arrive(0, std::string(100, 'v'));
    for (std::size_t waiting = 1; waiting <= 3; ++waiting) arrive(waiting, std::string(100, 'v'));
    arrive(4, std::string(10'000, 'v'));
    go = true;
    go.notify_all();
  }
  EXPECT_THAT(groups, ElementsAre(1, 2, 1, 1));
}

TEST(GroupCommit, EachGetsItsOwnOutcome) {
  GroupCommit queue(1'000'000, [](std::span<GroupCommit::Member* const> group) {
    for (GroupCommit::Member* member : group) {
      if (member->batch.changes.front() == "0") {
        member->outcome = fail(Code::kNoSpace, "full");
      } else {
        member->outcome = Conflict{static_cast<std::size_t>(std::stoi(member->batch.changes.front()))};
      }
    }
  });
  std::vector<std::jthread> threads;
  for (std::size_t index = 0; index < 8; ++index) {
    threads.emplace_back([&queue, index] {
      for (int round = 0; round < 200; ++round) {
        const auto outcome = queue.commit({.changes = {std::to_string(index)}});
        if (index == 0) {
          ASSERT_FALSE(outcome);
        } else {
          ASSERT_TRUE(outcome);
          EXPECT_EQ(std::get<Conflict>(*outcome).precondition, index);
        }
      }
    });
  }
}

}  // namespace
}  // namespace lamina::meta
