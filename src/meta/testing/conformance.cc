// SPDX-License-Identifier: Apache-2.0
#include "meta/testing/conformance.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "meta/layout.h"

namespace lamina::meta {
namespace {

using enum Precondition::Kind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr int kThreads = 4;
constexpr int kRounds = 50;

}  // namespace

// The library may be linked for its other parts.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MetaStoreConformance);

std::string backend_name(const testing::TestParamInfo<MetaStoreBackend>& info) { return info.param.name; }

Write put_of(Table table, std::string_view key, std::string_view value) {
  return {table, std::string(key), std::string(value)};
}
Write delete_of(Table table, std::string_view key) { return {table, std::string(key), std::nullopt}; }

std::uint64_t MetaStoreConformance::commit(Batch batch) {
  const Result<Outcome> outcome = store().commit(std::move(batch));
  EXPECT_TRUE(outcome) << outcome.error().message;
  const auto* committed = outcome ? std::get_if<Committed>(&*outcome) : nullptr;
  EXPECT_NE(committed, nullptr) << "expected to commit";
  return committed == nullptr ? 0 : committed->sequence;
}

std::uint64_t MetaStoreConformance::put(Table table, std::string_view key, std::string_view value) {
  return commit({.writes = {put_of(table, key, value)}});
}

int MetaStoreConformance::conflict(Batch batch) {
  const Result<Outcome> outcome = store().commit(std::move(batch));
  EXPECT_TRUE(outcome) << outcome.error().message;
  const auto* found = outcome ? std::get_if<Conflict>(&*outcome) : nullptr;
  return found == nullptr ? -1 : static_cast<int>(found->precondition);
}

std::vector<std::string> MetaStoreConformance::scan(Table table, std::string_view prefix,
                                                    std::string_view after, std::size_t limit,
                                                    Include include) {
  const auto records = store().scan(table, prefix, after, limit, include);
  EXPECT_TRUE(records) << records.error().message;
  std::vector<std::string> out;
  for (const Record& record : *records) out.push_back(record.key + "=" + record.value);
  return out;
}

std::vector<std::string> MetaStoreConformance::changes(std::uint64_t base, std::uint64_t since,
                                                       std::size_t limit) {
  const auto found = store().changes(since, limit);
  EXPECT_TRUE(found) << found.error().message;
  std::vector<std::string> out;
  for (const Change& change : *found) {
    out.push_back(std::to_string(change.sequence - base) + ":" + change.payload);
  }
  return out;
}

TEST_P(MetaStoreConformance, IsEmptyAtFirst) {
  for (const Table table : {Table::kSystem, Table::kTags, Table::kInline, Table::kChanges}) {
    EXPECT_THAT(scan(table, ""), IsEmpty());
    EXPECT_EQ(store().get(table, "k"), std::nullopt);
  }
  EXPECT_THAT(changes(0, 0, 10), IsEmpty());
}

TEST_P(MetaStoreConformance, GetsWhatWasPutAndNotWhatWasDeleted) {
  for (const Table table : {Table::kTags, Table::kInline}) {
    put(table, "k", "one");
    EXPECT_THAT(store().get(table, "k").value(), Optional(std::string("one")));
    put(table, "k", "");
    EXPECT_THAT(store().get(table, "k").value(), Optional(std::string()));
    commit({.writes = {delete_of(table, "k"), delete_of(table, "never there")}});
    EXPECT_EQ(store().get(table, "k"), std::nullopt);
  }
}

TEST_P(MetaStoreConformance, TablesAreApart) {
  put(Table::kTags, "k", "tag");
  put(Table::kTagsOf, "k", "tag of");
  put(Table::kInline, "k", "inline");
  put(Table::kManifests, "\xff", "last of its table");
  commit({.writes = {delete_of(Table::kTagsOf, "k")}});
  EXPECT_THAT(scan(Table::kTags, ""), ElementsAre("k=tag"));
  EXPECT_THAT(scan(Table::kTagsOf, ""), IsEmpty());
  EXPECT_THAT(scan(Table::kInline, ""), ElementsAre("k=inline"));
  EXPECT_EQ(conflict({.preconditions = {{kNoneWithPrefix, Table::kTagsOf, "", ""}}}), -1);
  EXPECT_EQ(conflict({.preconditions = {{kNoneWithPrefix, Table::kTags, "", ""}}}), 0);
}

TEST_P(MetaStoreConformance, ScansByPrefixInPages) {
  for (const Table table : {Table::kTags, Table::kInline}) {
    for (const char* key : {"a", "b", "b/", "b/1", "b/2", "b/3", "b0", "c"}) put(table, key, "v");
    struct Case {
      std::string prefix, after;
      std::size_t limit;
      std::vector<std::string> expected;
    };
    const Case cases[] = {
        {"", "", 3, {"a=v", "b=v", "b/=v"}},
        {"b/", "", 9, {"b/=v", "b/1=v", "b/2=v", "b/3=v"}},
        {"b/", "b/", 2, {"b/1=v", "b/2=v"}},
        {"b/", "b/2", 9, {"b/3=v"}},
        {"b/", "b/15", 1, {"b/2=v"}},  // `after` need not exist.
        {"b/", "a", 1, {"b/=v"}},      // Before the prefix.
        {"b/", "b0", 9, {}},           // Past the prefix.
        {"b/", "b/3", 9, {}},
        {"b/", "", 0, {}},
        {"d", "", 9, {}},
    };
    for (const Case& each : cases) {
      EXPECT_EQ(scan(table, each.prefix, each.after, each.limit), each.expected)
          << each.prefix << " after " << each.after;
    }
    EXPECT_THAT(scan(table, "b/", "", 2, Include::kKeys), ElementsAre("b/=", "b/1="));
  }
}

TEST_P(MetaStoreConformance, KeysAreAnyBytesInUnsignedOrder) {
  using namespace std::string_literals;
  const std::string keys[] = {""s, "\0"s, "\0\0"s, "\0a"s, "\x7f"s, "\x80"s, "\xff"s, "\xff\0"s, "\xff\xff"s};
  for (const Table table : {Table::kTags, Table::kInline}) {
    for (const std::string& key : keys) put(table, key, "v");
    std::vector<std::string> all;
    for (const std::string& key : keys) all.push_back(key + "=v");
    EXPECT_EQ(scan(table, ""), all);
    EXPECT_THAT(scan(table, "\xff"), ElementsAre("\xff=v", "\xff\0=v"s, "\xff\xff=v"));
    EXPECT_THAT(scan(table, "\xff\xff"), ElementsAre("\xff\xff=v"));
    EXPECT_THAT(scan(table, "\xff", "\xff\0"s), ElementsAre("\xff\xff=v"));
    EXPECT_THAT(scan(table, "\0"s, "\0"s), ElementsAre("\0\0=v"s, "\0a=v"s));
    EXPECT_EQ(conflict({.preconditions = {{kNoneWithPrefix, table, "\xff\xff\xff", ""}}}), -1);
    EXPECT_EQ(conflict({.preconditions = {{kNoneWithPrefix, table, "\xff\xff", ""}}}), 0);
  }
}

TEST_P(MetaStoreConformance, KeepsLargeValues) {
  const std::string large(4 * 1024 * 1024, 'x');
  for (const Table table : {Table::kManifests, Table::kInline}) {
    put(table, "large", large);
    EXPECT_EQ(store().get(table, "large"), large);
    EXPECT_EQ(conflict({.preconditions = {{kEquals, table, "large", large}}}), -1);
  }
}

TEST_P(MetaStoreConformance, ChecksEachPrecondition) {
  put(Table::kTags, "a", "1");
  put(Table::kTags, "p/x", "");
  struct Case {
    Precondition precondition;
    bool holds;
  };
  const Case cases[] = {
      {{kAbsent, Table::kTags, "b", ""}, true},
      {{kAbsent, Table::kTags, "a", ""}, false},
      {{kPresent, Table::kTags, "a", ""}, true},
      {{kPresent, Table::kTags, "b", ""}, false},
      {{kPresent, Table::kTags, "p/x", ""}, true},
      {{kEquals, Table::kTags, "a", "1"}, true},
      {{kEquals, Table::kTags, "a", "2"}, false},
      {{kEquals, Table::kTags, "a", "11"}, false},
      {{kEquals, Table::kTags, "b", ""}, false},
      {{kEquals, Table::kTags, "p/x", ""}, true},
      {{kNoneWithPrefix, Table::kTags, "q", ""}, true},
      {{kNoneWithPrefix, Table::kTags, "p/", ""}, false},
      {{kNoneWithPrefix, Table::kTags, "p/x", ""}, false},
      {{kNoneWithPrefix, Table::kTags, "p/y", ""}, true},
      {{kNoneWithPrefix, Table::kTags, "", ""}, false},
      {{kNoneWithPrefix, Table::kBlobs, "", ""}, true},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(conflict({.preconditions = {each.precondition}}), each.holds ? -1 : 0)
        << static_cast<int>(each.precondition.kind) << " " << each.precondition.key;
  }
}

TEST_P(MetaStoreConformance, AConflictNamesTheFirstAndAppliesNothing) {
  const std::uint64_t base = put(Table::kTags, "a", "1");
  EXPECT_EQ(conflict({.preconditions = {{kPresent, Table::kTags, "a", ""},
                                        {kEquals, Table::kTags, "a", "other"},
                                        {kAbsent, Table::kTags, "a", ""}},
                      .writes = {put_of(Table::kTags, "a", "2"), put_of(Table::kInline, "b", "2")},
                      .changes = {"never"}}),
            1);
  EXPECT_THAT(scan(Table::kTags, ""), ElementsAre("a=1"));
  EXPECT_THAT(scan(Table::kInline, ""), IsEmpty());
  EXPECT_THAT(changes(base, 0, 10), IsEmpty());
}

TEST_P(MetaStoreConformance, PreconditionsSeeNoWriteOfTheirOwnBatch) {
  EXPECT_EQ(conflict({.preconditions = {{kAbsent, Table::kTags, "a", ""}},
                      .writes = {put_of(Table::kTags, "a", "1")}}),
            -1);
  EXPECT_EQ(conflict({.preconditions = {{kPresent, Table::kTags, "a", ""}},
                      .writes = {delete_of(Table::kTags, "a")}}),
            -1);
  EXPECT_THAT(scan(Table::kTags, ""), IsEmpty());
}

TEST_P(MetaStoreConformance, ALaterWriteOfABatchWins) {
  commit({.writes = {put_of(Table::kTags, "a", "1"), put_of(Table::kTags, "a", "2"),
                     put_of(Table::kTags, "b", "1"), delete_of(Table::kTags, "b"),
                     delete_of(Table::kTags, "c"), put_of(Table::kTags, "c", "3")}});
  EXPECT_THAT(scan(Table::kTags, ""), ElementsAre("a=2", "c=3"));
}

TEST_P(MetaStoreConformance, SequencesGrowAndTheLastIsReadable) {
  const std::uint64_t first = put(Table::kTags, "a", "1");
  const std::uint64_t second = commit({});
  const std::uint64_t third = commit({.durability = Durability::kProcessDeath});
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  const auto bytes = store().get(Table::kSystem, kSequenceKey).value();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(decode_sequence(*bytes), third);
}

TEST_P(MetaStoreConformance, ChangesComeInWholeCommits) {
  const std::uint64_t base = commit({.changes = {"a", "b", "c"}});
  commit({});
  commit({.changes = {"d"}});
  commit({.changes = {"e", "f"}});
  EXPECT_THAT(changes(base, 0, 100), ElementsAre("0:a", "0:b", "0:c", "2:d", "3:e", "3:f"));
  EXPECT_THAT(changes(base, 0, 1), ElementsAre("0:a", "0:b", "0:c"));
  EXPECT_THAT(changes(base, 0, 0), ElementsAre("0:a", "0:b", "0:c")) << "at least one commit";
  EXPECT_THAT(changes(base, 0, 4), ElementsAre("0:a", "0:b", "0:c", "2:d"));
  EXPECT_THAT(changes(base, base, 1), ElementsAre("2:d"));
  EXPECT_THAT(changes(base, base + 1, 1), ElementsAre("2:d"));
  EXPECT_THAT(changes(base, base + 2, 1), ElementsAre("3:e", "3:f"));
  EXPECT_THAT(changes(base, base + 3, 1), IsEmpty());
  EXPECT_THAT(changes(base, ~std::uint64_t{0}, 1), IsEmpty());
}

TEST_P(MetaStoreConformance, TheChangeLogIsCutByDeletingItsKeys) {
  const std::uint64_t base = commit({.changes = {"a", "b"}});
  commit({.changes = {"c"}});
  Batch cut;
  const auto old = store().scan(Table::kChanges, encode_sequence(base), "", 10).value();
  for (const Record& record : old) {
    cut.writes.push_back(delete_of(Table::kChanges, record.key));
  }
  EXPECT_EQ(cut.writes.size(), 2U);
  commit(std::move(cut));
  EXPECT_THAT(changes(base, 0, 100), ElementsAre("1:c"));
}

TEST_P(MetaStoreConformance, RefusesWhatOnlyCommitMayWrite) {
  const Batch batches[] = {
      {.writes = {put_of(Table::kSystem, kSequenceKey, "1")}},
      {.writes = {delete_of(Table::kSystem, kSequenceKey)}},
      {.writes = {put_of(Table::kChanges, "k", "v")}},
      {.changes = std::vector<std::string>(kMaxChanges + 1)},
  };
  for (const Batch& batch : batches) {
    const auto outcome = store().commit(batch);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::kInvalid);
  }
}

TEST_P(MetaStoreConformance, ConcurrentCompareAndSwapLosesNothing) {
  put(Table::kTags, "counter", "0");
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this] {
        for (int done = 0; done < kRounds;) {
          const std::string seen = store().get(Table::kTags, "counter").value().value();
          const std::string next = std::to_string(std::stoi(seen) + 1);
          if (conflict({.preconditions = {{kEquals, Table::kTags, "counter", seen}},
                        .writes = {put_of(Table::kTags, "counter", next)}}) == -1) {
            ++done;
          }
        }
      });
    }
  }
  EXPECT_EQ(store().get(Table::kTags, "counter"), std::to_string(kThreads * kRounds));
}

// A collector removes a record only where no edge is; a writer adds an edge only where the record is.
TEST_P(MetaStoreConformance, NoneWithPrefixExcludesConcurrentInserts) {
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = std::to_string(round);
    put(Table::kBlobs, name, "");
    {
      const std::jthread collector([&] {
        conflict({.preconditions = {{kNoneWithPrefix, Table::kEdges, name + "/", ""}},
                  .writes = {delete_of(Table::kBlobs, name)}});
      });
      const std::jthread writer([&] {
        conflict({.preconditions = {{kPresent, Table::kBlobs, name, ""}},
                  .writes = {put_of(Table::kEdges, name + "/m", "")}});
      });
    }
    const bool blob = store().get(Table::kBlobs, name)->has_value();
    const bool edge = store().get(Table::kEdges, name + "/m")->has_value();
    EXPECT_EQ(blob, edge) << "exactly one of them wins";
  }
}

TEST_P(MetaStoreConformance, AReaderOfChangesMissesNothing) {
  std::atomic<int> running = kThreads;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread, &running] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string name = std::to_string(thread) + "/" + std::to_string(round);
        commit({.changes = {name, name},
                .durability = round % 2 == 0 ? Durability::kPowerLoss : Durability::kProcessDeath});
      }
      --running;
    });
  }
  std::vector<Change> seen;
  bool last_look = false;
  while (true) {
    const std::uint64_t since = seen.empty() ? 0 : seen.back().sequence;
    const auto more = store().changes(since, 7).value();
    seen.insert(seen.end(), more.begin(), more.end());
    if (!more.empty()) continue;
    if (last_look) break;
    last_look = running == 0;
    std::this_thread::yield();
  }
  // Had a change appeared at or before a sequence that was seen, it would be missing here.
  const auto all = store().changes(0, 1000000).value();
  ASSERT_EQ(all.size(), static_cast<std::size_t>(2 * kThreads * kRounds));
  ASSERT_EQ(seen.size(), all.size());
  for (std::size_t index = 0; index < all.size(); index += 2) {
    EXPECT_EQ(seen[index].sequence, all[index].sequence);
    EXPECT_EQ(seen[index].payload, all[index].payload);
    EXPECT_EQ(all[index].sequence, all[index + 1].sequence) << "a commit is whole";
  }
}

}  // namespace lamina::meta
