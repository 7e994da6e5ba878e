// SPDX-License-Identifier: Apache-2.0
#include "store/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "meta/layout.h"
#include "store/keys.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr auto kAll = [](const RepositoryName&) { return true; };

class ChangesTest : public testing::TestWithParam<Others> {
 protected:
  ~ChangesTest() override { EXPECT_EQ(h.audit(), ""); }

  Changes& changes() { return h.store->changes(); }
  ChangePosition position() { return changes().position().value(); }
  Result<ChangePage> read(const ChangePosition& since, const ChangeFilter& filter = {},
                          std::size_t limit = 1000) {
    return changes().read(since, filter, limit, kAll);
  }
  /// "set a:v1", "put a", ... of a page.
  static std::vector<std::string> texts(const Result<ChangePage>& page) {
    EXPECT_TRUE(page) << page.error().message;
    if (!page) return {"failed"};
    std::vector<std::string> lines;
    for (const auto& [sequence, change] : page->entries) {
      constexpr std::array<std::string_view, 5> kKinds = {"", "set ", "untag ", "put ", "remove "};
      lines.push_back(std::string(kKinds.at(static_cast<std::size_t>(change.kind))) + change.repository +
                      (change.tag.empty() ? "" : ':' + change.tag));
    }
    return lines;
  }
  void publish(std::string_view repository, std::string_view content, std::string_view name = "v1") {
    h.put_image(repo(repository), content, {tag(name)});
  }
  std::size_t trim() {
    const auto removed = changes().trim();
    EXPECT_TRUE(removed) << removed.error().message;
    return removed.value_or(0);
  }

  Harness h{Harness::small(), GetParam()};
};

LAMINA_ALONE_AND_AMONG_OTHERS(ChangesTest);

TEST_P(ChangesTest, TellsWhatFollowsAPosition) {
  publish("a", "1");
  const ChangePosition since = position();
  EXPECT_THAT(texts(read(since)), IsEmpty());
  publish("a", "2");
  publish("b", "1");
  ASSERT_TRUE(h.store->manifests().untag(repo("b"), tag("v1")));
  EXPECT_THAT(texts(read(since)), ElementsAre("put a", "set a:v1", "put b", "set b:v1", "untag b:v1"));
  const auto page = read(since, {}, 1);
  EXPECT_THAT(texts(page), ElementsAre("put a", "set a:v1")) << "a commit is whole";
  EXPECT_TRUE(page->more);
  const auto rest = read(page->next);
  EXPECT_THAT(texts(rest), ElementsAre("put b", "set b:v1", "untag b:v1"));
  EXPECT_FALSE(rest->more);
  EXPECT_EQ(rest->next.to_string(), position().to_string());
}

TEST_P(ChangesTest, FiltersByRepositoryTagAndRight) {
  const ChangePosition since = position();
  publish("a", "1", "v1");
  publish("a/b", "1", "v2");
  publish("ab", "1", "v1");
  EXPECT_THAT(texts(read(since, {.repository = "a", .tag = {}})), ElementsAre("put a", "set a:v1"));
  EXPECT_THAT(texts(read(since, {.repository = "a/", .tag = {}})), ElementsAre("put a/b", "set a/b:v2"));
  EXPECT_THAT(texts(read(since, {.repository = "", .tag = tag("v1")})), ElementsAre("set a:v1", "set ab:v1"));
  EXPECT_THAT(texts(read(since, {.repository = "a", .tag = tag("v2")})), IsEmpty());
  EXPECT_EQ(read(since, {.repository = "c", .tag = {}})->next.sequence, position().sequence)
      << "what does not match is passed over";
  const auto page =
      changes().read(since, {}, 10, [](const RepositoryName& name) { return name.str() == "ab"; });
  EXPECT_THAT(texts(page), ElementsAre("put ab", "set ab:v1"));
}

TEST_P(ChangesTest, APositionSurvivesPowerLoss) {
  publish("a", "1");
  meta::Batch unsynced;
  unsynced.durability = meta::Durability::kProcessDeath;
  unsynced.writes.push_back({Table::kLeases, "x", ""});
  ASSERT_TRUE(h.meta.commit(unsynced));
  const ChangePosition since = position();
  h.restart(true);
  // Takes the sequence that was lost.
  publish("a", "2");
  EXPECT_THAT(texts(read(since)), ElementsAre("put a", "set a:v1"));
}

TEST_P(ChangesTest, RefusesPositionsOfAnotherLog) {
  publish("a", "1");
  ChangePosition other = position();
  other.epoch = "0";
  ChangePosition ahead = position();
  ahead.sequence += 1000;
  for (const auto& [since, why] : {std::pair(other, "epoch"), {ahead, "has not come that far"}}) {
    const auto page = read(since);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, Code::kOutOfRange);
    EXPECT_EQ(page.error().about, About::kChanges);
    EXPECT_THAT(page.error().message, HasSubstr(why));
  }
}

TEST_P(ChangesTest, PositionsHaveATextForm) {
  EXPECT_EQ(ChangePosition::parse("ab01-17")->to_string(), "ab01-17");
  for (const std::string_view text :
       {"", "-", "-1", "a", "a-", "a-x", "a-1x", "a--1", "a-99999999999999999999"}) {
    const auto parsed = ChangePosition::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
  }
}

TEST_P(ChangesTest, TheLogGoesBackSevenDays) {
  const ChangePosition start = position();
  publish("a", "old");
  EXPECT_EQ(trim(), 0u);
  const ChangePosition middle = position();
  h.clock.advance(1h);
  publish("a", "new");
  EXPECT_EQ(trim(), 0u);

  h.clock.advance(7 * 24h - 1h - 1s);
  EXPECT_EQ(trim(), 0u) << "a second less than seven days";
  EXPECT_EQ(texts(read(start)).size(), 4u);
  h.restart(false);
  h.clock.advance(1s);
  EXPECT_EQ(trim(), 2u);
  EXPECT_EQ(read(start).error().about, About::kChanges);
  EXPECT_THAT(read(start).error().message, HasSubstr("older"));
  EXPECT_THAT(texts(read(middle)), ElementsAre("put a", "set a:v1"));

  h.clock.advance(1h);
  EXPECT_EQ(trim(), 2u);
  EXPECT_EQ(h.count(Table::kChanges), 0u);
  EXPECT_EQ(read(middle).error().code, Code::kOutOfRange);
  EXPECT_EQ(trim(), 0u);
  const ChangePosition end = position();
  EXPECT_THAT(texts(read(end)), IsEmpty()) << "an empty log still has an end";
  publish("a", "newest");
  EXPECT_THAT(texts(read(end)), ElementsAre("put a", "set a:v1"));
}

TEST_P(ChangesTest, ALongLogIsCutPieceByPiece) {
  const ChangePosition start = position();
  const std::string payload = encode(ChangeRecord{.repository = "a", .tag = "v1", .digest = Digest::of("x")});
  // The second commit straddles what one call removes.
  for (const std::size_t count : {600, 700, 900}) {
    meta::Batch batch;
    batch.changes.assign(count, payload);
    ASSERT_TRUE(h.meta.commit(std::move(batch)));
  }
  trim();
  h.clock.advance(7 * 24h);
  EXPECT_EQ(trim(), 1000u);
  EXPECT_EQ(read(start).error().code, Code::kOutOfRange);
  EXPECT_EQ(trim(), 1000u);
  EXPECT_EQ(trim(), 200u);
  EXPECT_EQ(h.count(Table::kChanges), 0u);
}

TEST(ChangesRaceTest, AReaderSeesThatTheLogIsCutMeanwhile) {
  // Whichever read of the record comes after the one of the changes.
  for (int at = 1; at <= 3; ++at) {
    Harness h;
    Changes& changes = h.store->changes();
    const ChangePosition start = changes.position().value();
    h.put_image(repo("a"), "1", {});
    ASSERT_TRUE(changes.trim());
    h.clock.advance(7 * 24h);
    h.put_image(repo("a"), "2", {});
    int reads = 0;
    h.meta.before_read([&]() -> std::optional<Error> {
      if (++reads == at) {
        EXPECT_EQ(changes.trim(), 1u);
      }
      return std::nullopt;
    });
    const auto page = changes.read(start, {}, 10, kAll);
    h.meta.before_read({});
    EXPECT_GE(reads, at);
    EXPECT_FALSE(page) << "trimmed before read " << at;
  }
}

TEST_P(ChangesTest, ManyPiecesAreReadOneAfterTheOther) {
  const ChangePosition start = position();
  const std::string payload = encode(ChangeRecord{.repository = "a", .tag = "v1", .digest = Digest::of("x")});
  meta::Batch batch;
  batch.changes.assign(1500, payload);
  ASSERT_TRUE(h.meta.commit(batch));
  publish("b", "1");
  const auto page = read(start, {.repository = "b", .tag = {}});
  EXPECT_THAT(texts(page), IsEmpty());
  EXPECT_TRUE(page->more);
  EXPECT_THAT(texts(read(page->next, {.repository = "b", .tag = {}})), ElementsAre("put b", "set b:v1"));
}

TEST_P(ChangesTest, WakesWhoeverWaitsOnceTheChangeIsThere) {
  const ChangePosition since = position();
  std::vector<std::string> seen;
  const auto subscription = changes().subscribe({.repository = "a", .tag = {}}, [&] {
    // Subscribers may not come back to the signal, but reading is free.
    seen = texts(read(since));
  });
  publish("b", "1");
  EXPECT_THAT(seen, IsEmpty());
  publish("a", "1");
  EXPECT_THAT(seen, testing::Contains("set a:v1"));
}

TEST_P(ChangesTest, NobodySleepsThroughACommit) {
  const ChangePosition start = position();
  std::atomic<bool> woken = false;
  constexpr int kCommits = 40;
  std::jthread writer([&] {
    for (int round = 0; round < kCommits; ++round) publish("a", std::to_string(round));
  });
  const auto subscription = changes().subscribe({.repository = "a", .tag = tag("v1")}, [&] {
    woken = true;
    woken.notify_one();
  });
  ChangePosition since = start;
  int seen = 0;
  while (seen < kCommits) {
    woken = false;
    const auto page = read(since, {.repository = "a", .tag = tag("v1")}, 3);
    ASSERT_TRUE(page);
    for (const auto& entry : page->entries) {
      EXPECT_GT(entry.sequence, since.sequence);
      ++seen;
    }
    since = page->next;
    // Were a change announced before it can be read, or not at all, this would wait forever.
    if (page->entries.empty()) woken.wait(false);
  }
  EXPECT_EQ(seen, kCommits);
}

}  // namespace
}  // namespace lamina::store
