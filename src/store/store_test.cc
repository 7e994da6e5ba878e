// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gtest/gtest.h>

#include "store/keys.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;

std::optional<std::string> epoch(Harness& h) { return h.meta.get(Table::kSystem, keys::kEpoch).value(); }

TEST(StoreTest, PrepareWritesTheFormatVersionOnce) {
  Harness h;
  EXPECT_EQ(h.meta.get(Table::kSystem, keys::kFormat).value(), "1");
  const auto first = epoch(h);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 32u);
  h.restart(true);
  EXPECT_EQ(epoch(h), first) << "the same records, the same epoch";
}

TEST(StoreTest, AnotherFormatIsRefusedAndLeftAlone) {
  Harness h;
  for (const std::string version : {"2", "10", "", "1 "}) {
    meta::Batch batch;
    batch.writes.push_back({Table::kSystem, std::string(keys::kFormat), version});
    ASSERT_TRUE(h.meta.commit(std::move(batch)));
    const auto prepared = h.store->prepare();
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code, Code::kUnsupported);
    EXPECT_NE(prepared.error().message.find("version " + version), std::string::npos)
        << prepared.error().message;
    EXPECT_EQ(h.meta.get(Table::kSystem, keys::kFormat).value(), version);
  }
}

TEST(StoreTest, OneOfTwoServersWritesTheEpoch) {
  Harness h;
  meta::MemoryMetaStore records;
  std::optional<Result<void>> other;
  records.before_commit([&](const meta::Batch&) -> std::optional<Result<meta::Outcome>> {
    other = Store(records, *h.blobs, h.clock, h.random).prepare();
    return std::nullopt;
  });
  ASSERT_TRUE(Store(records, *h.blobs, h.clock, h.random).prepare());
  ASSERT_TRUE(other && *other);
  EXPECT_EQ(records.scan(Table::kSystem, {}, {}, 10)->size(), 3u) << "epoch, format, sequence";
}

TEST(StoreTest, ACommitThatIsAlwaysInTheWayEndsInAnAnswer) {
  Harness h;
  h.push(repo("a"), "x");
  h.meta.before_commit(
      [](const meta::Batch&) { return std::optional<Result<meta::Outcome>>(meta::Conflict{0}); });
  EXPECT_EQ(h.store->blobs().remove(repo("a"), Digest::of("x")).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace lamina::store
