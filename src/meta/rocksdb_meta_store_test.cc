// SPDX-License-Identifier: Apache-2.0
#include "meta/rocksdb_meta_store.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "meta/layout.h"
#include "meta/testing/conformance.h"
#include "meta/testing/memory_meta_store.h"
#include "meta/testing/rocksdb_faults.h"

namespace lamina::meta {
namespace {

using std::filesystem::path;
using testing::HasSubstr;

path temporary_folder() {
  std::string folder = (std::filesystem::temp_directory_path() / "lamina-meta-XXXXXX").string();
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  return folder;
}

MetaStoreUnderTest rocksdb_under_test() {
  const path folder = temporary_folder();
  return {RocksDbMetaStore::open(folder / "records").value(),
          [folder] { std::filesystem::remove_all(folder); }};
}

MetaStoreUnderTest memory_under_test() { return {std::make_unique<MemoryMetaStore>(), nullptr}; }

INSTANTIATE_TEST_SUITE_P(Backends, MetaStoreConformance,
                         testing::Values(MetaStoreBackend{"RocksDb", rocksdb_under_test},
                                         MetaStoreBackend{"Memory", memory_under_test}),
                         backend_name);

class RocksDbMetaStoreTest : public testing::Test {
 protected:
  ~RocksDbMetaStoreTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<MetaStore> open(DiskHook hook = nullptr) {
    RocksDbOptions options;
    if (hook) options.files = files_with_hook(std::move(hook));
    auto store = RocksDbMetaStore::open(records(), options);
    EXPECT_TRUE(store) << store.error().message;
    return store ? *std::move(store) : nullptr;
  }
  path records() const { return folder_ / "records"; }
  static Batch put(std::string_view key, std::string_view value,
                   Durability durability = Durability::kPowerLoss) {
    return {.writes = {put_of(Table::kTags, key, value)},
            .changes = {std::string(key)},
            .durability = durability};
  }
  static std::uint64_t sequence(const Result<Outcome>& outcome) {
    EXPECT_TRUE(outcome) << outcome.error().message;
    return std::get<Committed>(*outcome).sequence;
  }
  /// The largest file of this kind.
  path file(std::string_view extension) const {
    path largest;
    for (const auto& entry : std::filesystem::directory_iterator(records())) {
      if (entry.path().extension() == extension &&
          (largest.empty() || entry.file_size() > std::filesystem::file_size(largest))) {
        largest = entry.path();
      }
    }
    return largest;
  }

  const path folder_ = temporary_folder();
};

TEST_F(RocksDbMetaStoreTest, KeepsEverythingOverARestart) {
  const std::string large(200'000, 'x');
  std::uint64_t before = 0;
  {
    const auto store = open();
    sequence(store->commit({.writes = {put_of(Table::kInline, "blob", large)}}));
    sequence(store->commit(put("a", "1")));
    before = sequence(store->commit(put("b", "2", Durability::kProcessDeath)));
  }
  for (int restart = 0; restart < 3; ++restart) {
    const auto store = open();
    EXPECT_EQ(store->get(Table::kInline, "blob"), large);
    EXPECT_EQ(store->get(Table::kTags, "a"), "1");
    EXPECT_EQ(store->get(Table::kTags, "b"), "2");
    EXPECT_EQ(store->changes(0, 100)->size(), 2U);
    const std::uint64_t after = sequence(store->commit({}));
    EXPECT_GT(after, before) << "no sequence is given twice";
    before = after;
  }
}

TEST_F(RocksDbMetaStoreTest, KeepsEverythingOverManyLogs) {
  constexpr int kCount = 40;
  const std::string value(1'000'000, 'v');
  std::set<std::string> logs;
  std::mutex mutex;
  {
    const auto store = open([&](DiskOperation, const std::string& name) -> std::optional<DiskFault> {
      const std::scoped_lock lock(mutex);
      if (is_log(name)) logs.insert(name);
      return std::nullopt;
    });
    for (int index = 0; index < kCount; ++index) {
      sequence(store->commit(put(std::to_string(index), value,
                                 index % 3 == 0 ? Durability::kPowerLoss : Durability::kProcessDeath)));
    }
  }
  EXPECT_GT(logs.size(), 3U);
  const auto store = open();
  EXPECT_EQ(store->scan(Table::kTags, "", "", 1000, Include::kKeys)->size(), std::size_t{kCount});
  EXPECT_EQ(store->get(Table::kTags, "7"), value);
}

TEST_F(RocksDbMetaStoreTest, ClosesALogOnlyWhenItIsSynced) {
  std::string log;
  bool unsynced = false;
  int closed = 0;
  std::mutex mutex;
  const auto committer = std::this_thread::get_id();
  const auto store = open([&](DiskOperation operation, const std::string& name) -> std::optional<DiskFault> {
    const std::scoped_lock lock(mutex);
    if (!is_log(name)) return std::nullopt;
    if (operation == DiskOperation::kAppend) {
      const bool next = !log.empty() && name != log;
      EXPECT_FALSE(next && unsynced) << log << " has an end that power loss can take";
      closed += next ? 1 : 0;
      log = name;
      unsynced = true;
    } else if (name == log) {
      // RocksDB syncs a closed log before it installs a table, in the background and too late.
      EXPECT_TRUE(!unsynced || std::this_thread::get_id() == committer) << log << " was closed unsynced";
      unsynced = false;
    }
    return std::nullopt;
  });
  const std::string value(1'000'000, 'v');
  for (int index = 0; index < 40; ++index) {
    sequence(store->commit(put(std::to_string(index), value, Durability::kProcessDeath)));
  }
  const std::scoped_lock lock(mutex);
  EXPECT_GT(closed, 3);
}

TEST_F(RocksDbMetaStoreTest, OneSyncServesManyCommits) {
  constexpr int kWriters = 8;
  constexpr int kEach = 50;
  std::atomic<int> syncs = 0;
  const auto store = open([&](DiskOperation operation, const std::string& name) -> std::optional<DiskFault> {
    if (operation == DiskOperation::kSync && is_log(name)) ++syncs;
    return std::nullopt;
  });
  const int alone_before = syncs;
  sequence(store->commit(put("alone", "")));
  EXPECT_EQ(syncs - alone_before, 1);
  sequence(store->commit(put("lease", "", Durability::kProcessDeath)));
  EXPECT_EQ(syncs - alone_before, 1) << "not synced unless asked for";

  const int before = syncs;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (int round = 0; round < kEach; ++round) {
          sequence(store->commit(put(std::to_string(writer) + "/" + std::to_string(round), "")));
        }
      });
    }
  }
  EXPECT_LT(syncs - before, kWriters * kEach);
  EXPECT_EQ(store->changes(0, 1000)->size(), std::size_t{kWriters * kEach + 2});
}

TEST_F(RocksDbMetaStoreTest, StopsWritingAfterAFailedSync) {
  std::atomic<bool> broken = false;
  {
    const auto store =
        open([&](DiskOperation operation, const std::string& name) -> std::optional<DiskFault> {
          if (broken && operation == DiskOperation::kSync && is_log(name)) return DiskFault::kBroken;
          return std::nullopt;
        });
    sequence(store->commit(put("before", "1")));
    broken = true;
    const auto failed = store->commit(put("lost", "1"));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::kInternal);
    EXPECT_THAT(failed.error().message, HasSubstr("until a restart"));
    broken = false;
    const auto later = store->commit(put("later", "1"));
    ASSERT_FALSE(later) << "a disk that dropped pages must not be trusted again";
    EXPECT_EQ(later.error().code, Code::kInternal);
    EXPECT_EQ(store->get(Table::kTags, "before"), "1") << "reads go on";
    EXPECT_EQ(store->get(Table::kTags, "later"), std::nullopt);
  }
  const auto store = open();
  EXPECT_EQ(store->get(Table::kTags, "before"), "1");
  EXPECT_EQ(store->get(Table::kTags, "later"), std::nullopt);
  sequence(store->commit(put("later", "2")));
}

TEST_F(RocksDbMetaStoreTest, WritesAgainWhenAFullDiskHasSpace) {
  for (const DiskOperation fails : {DiskOperation::kAppend, DiskOperation::kSync}) {
    std::atomic<bool> full = false;
    {
      const auto store = open([&](DiskOperation operation, const std::string&) -> std::optional<DiskFault> {
        if (full && operation == fails) return DiskFault::kFull;
        return std::nullopt;
      });
      sequence(store->commit(put("before", "1")));
      full = true;
      for (int attempt = 0; attempt < 3; ++attempt) {
        const auto failed = store->commit(put("lost", "1"));
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, Code::kNoSpace) << failed.error().message;
      }
      EXPECT_EQ(store->get(Table::kTags, "before"), "1") << "reads go on";
      full = false;
      Result<Outcome> outcome = store->commit(put("after", "1"));
      while (!outcome && outcome.error().code == Code::kNoSpace) outcome = store->commit(put("after", "1"));
      sequence(outcome);
    }
    const auto store = open();
    EXPECT_EQ(store->get(Table::kTags, "before"), "1");
    EXPECT_EQ(store->get(Table::kTags, "after"), "1");
  }
}

TEST_F(RocksDbMetaStoreTest, IsForOneProcess) {
  const auto store = open();
  const auto second = RocksDbMetaStore::open(records());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("in use by another server"));
}

TEST_F(RocksDbMetaStoreTest, ATornEndOfTheLogIsDropped) {
  {
    const auto store = open();
    sequence(store->commit(put("a", "1")));
    sequence(store->commit(put("b", std::string(500, '2'))));
  }
  const path log = file(".log");
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);
  const auto store = open();
  EXPECT_EQ(store->get(Table::kTags, "a"), "1");
  EXPECT_EQ(store->get(Table::kTags, "b"), std::nullopt);
}

// What was stored is all read again, or an error is reported: never less, never other bytes.
TEST_F(RocksDbMetaStoreTest, AFlippedBitIsReportedOrHarmless) {
  const std::string value(60, 'v');
  const std::string large(2000, 'v');
  const std::string keys[] = {"a", "b", "c"};
  for (const Table table : {Table::kTags, Table::kInline, Table::kLinks}) {
    const auto store = open();  // Turns the log of the one before into tables.
    for (const std::string& key : keys) {
      sequence(store->commit({.writes = {put_of(table, key, table == Table::kInline ? large : value)}}));
    }
  }
  const auto reads_as_stored = [&](MetaStore& store) -> Result<bool> {
    for (const auto& [table, expected] : {std::pair{Table::kTags, value}, std::pair{Table::kInline, large},
                                          std::pair{Table::kLinks, value}}) {
      LAMINA_ASSIGN(const auto found, store.scan(table, "", "", 100));
      if (found.size() != 3) return false;
      for (const Record& record : found) {
        if (record.value != expected) return false;
      }
    }
    return true;
  };

  const path damaged = folder_ / "damaged";
  std::set<std::string> refused;
  for (const auto& entry : std::filesystem::directory_iterator(records())) {
    const std::string name = entry.path().filename();
    const std::string kind = name.substr(0, name.starts_with("MANIFEST") ? 8 : name.find('.'));
    if (name.starts_with("LO") || name.starts_with("OPTIONS") || name == "IDENTITY") continue;
    const std::uintmax_t size = entry.file_size();
    // Of the files that are read as logs more, so that lengths are among them.
    const bool often = name.ends_with(".log") || kind == "MANIFEST" || name == "CURRENT";
    for (std::uintmax_t at = 0; at < size; at += often ? 3 : 1 + size / 20) {
      std::filesystem::remove_all(damaged);
      std::filesystem::copy(records(), damaged);
      std::fstream stream(damaged / name, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(static_cast<std::streamoff>(at));
      const int byte = stream.get();
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put(static_cast<char>(byte ^ 0x10));
      stream.close();

      const auto store = RocksDbMetaStore::open(damaged);
      if (!store) {
        ASSERT_EQ(store.error().code, Code::kCorrupt) << store.error().message;
        ASSERT_THAT(store.error().message, HasSubstr(damaged.string()));
        refused.insert(often && kind != "MANIFEST" && kind != "CURRENT" ? "log" : kind);
        continue;
      }
      const Result<bool> read = reads_as_stored(**store);
      ASSERT_TRUE(read ? *read : read.error().code == Code::kCorrupt) << name << " byte " << at;
    }
  }
  EXPECT_THAT(refused, testing::IsSupersetOf({"log", "MANIFEST", "CURRENT"}));
}

}  // namespace
}  // namespace lamina::meta
