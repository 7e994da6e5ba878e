// SPDX-License-Identifier: Apache-2.0
#include "controller/hold_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "controller/oci_artifact.h"

namespace lamina::controller {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

HeldManifest manifest(const std::string& text) {
  return {.repository = RepositoryName::parse("a/" + text).value(), .digest = Digest::of(text)};
}

HolderHolds holder(const std::string& name, std::vector<HeldManifest> holds) {
  return {.namespace_name = "a", .name = name, .uid = "u-" + name, .holds = std::move(holds)};
}

class HoldKeeperTest : public ::testing::Test {
 protected:
  /// Answers what is sent; waits while the gate is closed.
  Result<HoldsAnswer> send(const HoldsUpdate& update) {
    std::unique_lock lock(mutex);
    sent.push_back(update);
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    return answer;
  }
  void set_open(bool value) {
    const std::lock_guard lock(mutex);
    open = value;
    changed.notify_all();
  }
  void wait_for_sent(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return sent.size() >= count; });
  }
  std::expected<void, Trouble> hold(const std::string& name, std::vector<HeldManifest> holds) {
    return keeper.hold(type, {.namespace_name = "a", .name = name}, "u-" + name, holds);
  }
  static bool complete() { return true; }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = true;
  std::vector<HoldsUpdate> sent;
  Result<HoldsAnswer> answer = HoldsAnswer{};
  const kube::ResourceType& type = oci_artifact_type();
  Settings settings{.cluster = "c1"};
  HoldKeeper keeper{[this](const HoldsUpdate& update) { return send(update); }, settings, 42};
};

TEST_F(HoldKeeperTest, SaysWhoHoldsWhat) {
  ASSERT_TRUE(hold("x", {manifest("m")}));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].cluster, "c1");
  EXPECT_EQ(sent[0].kind, "OCIArtifact");
  EXPECT_EQ(sent[0].generation, 42u);
  EXPECT_FALSE(sent[0].complete);
  EXPECT_EQ(sent[0].holders.at(0).uid, "u-x");
  EXPECT_EQ(sent[0].holders.at(0).holds.at(0).digest, Digest::of("m"));
}

TEST_F(HoldKeeperTest, ThoseThatWaitShareOneRequest) {
  set_open(false);
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { EXPECT_TRUE(hold("first", {manifest("m")})); });
  wait_for_sent(1);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { EXPECT_TRUE(hold("h" + std::to_string(i), {manifest("m")})); });
  }
  const auto waiting = [&] {
    for (int i = 0; i < 8; ++i) {
      if (!keeper.remembers(type, {.namespace_name = "a", .name = "h" + std::to_string(i)})) return false;
    }
    return true;
  };
  while (!waiting()) std::this_thread::yield();
  set_open(true);
  threads.clear();
  std::size_t holders = 0;
  for (const HoldsUpdate& update : sent) holders += update.holders.size();
  EXPECT_EQ(holders, 9u);
  EXPECT_THAT(sent, SizeIs(2));
}

TEST_F(HoldKeeperTest, OnlyWhatAnObjectStandsForMustBeThere) {
  answer = HoldsAnswer{.missing = {manifest("gone")}};
  EXPECT_EQ(hold("x", {manifest("gone"), manifest("m")}).error().reason, Reason::kArtifactNotFound);
  EXPECT_TRUE(hold("x", {manifest("m"), manifest("gone")}));
}

TEST_F(HoldKeeperTest, AFailureIsThatOfAllWhoWaited) {
  answer = fail(Code::kUnavailable, "away");
  EXPECT_EQ(hold("x", {manifest("m")}).error().reason, Reason::kRegistryUnavailable);
}

TEST_F(HoldKeeperTest, AFullSetHasWhatWasHeldAndIsNotYetToBeSeen) {
  ASSERT_TRUE(hold("x", {manifest("new")}));
  const bool all = true;
  ASSERT_TRUE(
      keeper.sync(type, [] { return std::vector{holder("x", {manifest("old")}), holder("y", {})}; }, all));
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_TRUE(sent[1].complete);
  EXPECT_THAT(sent[1].holders.at(0).holds, SizeIs(2));
  EXPECT_THAT(sent[1].holders.at(1).holds, IsEmpty());

  keeper.settled(type, {.namespace_name = "a", .name = "x"}, {manifest("old")});
  EXPECT_TRUE(keeper.remembers(type, {.namespace_name = "a", .name = "x"}));
  keeper.settled(type, {.namespace_name = "a", .name = "x"}, {manifest("new")});
  EXPECT_FALSE(keeper.remembers(type, {.namespace_name = "a", .name = "x"}));
}

TEST_F(HoldKeeperTest, AnIncompleteSetReleasesNothing) {
  bool all = true;
  ASSERT_TRUE(keeper.sync(
      type,
      [&] {
        all = false;
        return std::vector{holder("x", {manifest("m")})};
      },
      all));
  EXPECT_FALSE(sent.at(0).complete);
}

TEST_F(HoldKeeperTest, AFullSetTellsWhoseContentIsMissingAndWhatIsInDoubt) {
  answer = HoldsAnswer{.in_doubt = 3, .missing = {manifest("gone")}};
  const bool all = true;
  const auto found = keeper.sync(
      type, [] { return std::vector{holder("x", {manifest("m")}), holder("y", {manifest("gone")})}; }, all);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->in_doubt, 3u);
  ASSERT_THAT(found->missing, SizeIs(1));
  EXPECT_EQ(found->missing[0].name, "y");
}

TEST_F(HoldKeeperTest, AFullSetIsCollectedWhenNoRequestIsOnItsWay) {
  set_open(false);
  std::jthread holding([&] { EXPECT_TRUE(hold("x", {manifest("m")})); });
  wait_for_sent(1);
  std::atomic<bool> collected = false;
  std::jthread syncing([&] {
    const bool all = true;
    EXPECT_TRUE(keeper.sync(
        type,
        [&] {
          collected = true;
          return std::vector<HolderHolds>();
        },
        all));
  });
  EXPECT_FALSE(collected);
  set_open(true);
  syncing.join();
  EXPECT_TRUE(collected);
}

}  // namespace
}  // namespace lamina::controller
