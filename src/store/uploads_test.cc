// SPDX-License-Identifier: Apache-2.0
#include "store/uploads.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/testing/harness.h"

namespace lamina::store {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Longer than what goes inline in the harness.
constexpr std::string_view kLarge = "more than sixteen bytes of content";

class UploadsTest : public testing::TestWithParam<Others> {
 protected:
  ~UploadsTest() override { EXPECT_EQ(h.audit(), ""); }

  std::string begin() { return h.store->uploads().begin(a, Algorithm::kSha256).value().str(); }
  std::unique_ptr<Upload> resume(const std::string& id) { return h.store->uploads().resume(a, id).value(); }
  void chunk(const std::string& id, std::string_view text) {
    const auto upload = resume(id);
    ASSERT_TRUE(upload->append(bytes_of(text)));
    ASSERT_TRUE(upload->suspend());
  }

  Harness h{Harness::small(), GetParam()};
  RepositoryName a = repo("a");
  RepositoryName b = repo("b");
};

LAMINA_ALONE_AND_AMONG_OTHERS(UploadsTest);

TEST_P(UploadsTest, StoresSmallAndLargeBlobs) {
  for (std::string_view text :
       {std::string_view(""), std::string_view("x"), std::string_view("0123456789abcdef"),
        std::string_view("0123456789abcdefg"), kLarge}) {
    const Digest digest = h.push(a, text);
    EXPECT_EQ(h.read(a, digest), text);
    EXPECT_EQ(h.read(b, digest), "[not found]") << "a blob is visible where it was pushed, only";
  }
  EXPECT_EQ(h.count(meta::Table::kUploads), 0u);
  EXPECT_TRUE(h.blobs->list_uploads()->empty());
}

TEST_P(UploadsTest, AFinishedBlobSurvivesPowerLoss) {
  const Digest small = h.push(a, "small");
  const Digest large = h.push(a, kLarge);
  h.restart(true);
  EXPECT_EQ(h.read(a, small), "small");
  EXPECT_EQ(h.read(a, large), kLarge);
}

TEST_P(UploadsTest, ASessionSurvivesTheDeathOfTheProcess) {
  const std::string id = begin();
  chunk(id, kLarge.substr(0, 5));
  h.restart(false);
  EXPECT_EQ(h.store->uploads().status(a, id).value(), 5u);
  chunk(id, kLarge.substr(5, 20));
  h.restart(false);
  const auto upload = resume(id);
  EXPECT_EQ(upload->offset(), 25u);
  ASSERT_TRUE(upload->append(bytes_of(kLarge.substr(25))));
  ASSERT_TRUE(upload->finish(Digest::of(kLarge)));
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
  EXPECT_EQ(h.store->uploads().status(a, id).error().code, Code::kNotFound);
}

TEST_P(UploadsTest, AfterPowerLossASessionIsWholeOrUnknown) {
  const std::string id = begin();
  chunk(id, kLarge);
  h.push(a, "a commit that is synced, and with it the record of the session");
  h.restart(true);
  const auto status = h.store->uploads().status(a, id);
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, 0u) << "nobody synced the bytes";
}

TEST_P(UploadsTest, AWrongDigestDiscardsTheUpload) {
  const std::string id = begin();
  chunk(id, kLarge);
  EXPECT_EQ(resume(id)->finish(Digest::of("other")).error().code, Code::kMismatch);
  EXPECT_EQ(h.store->uploads().status(a, id).error().code, Code::kNotFound);
  EXPECT_EQ(h.count(meta::Table::kBlobs), 0u);
  EXPECT_TRUE(h.blobs->list_uploads()->empty());
}

TEST_P(UploadsTest, AnAlgorithmNamedAtTheEndIsServed) {
  for (std::string_view text : {std::string_view("short"), kLarge}) {
    const std::string id = begin();
    chunk(id, text);
    const Digest digest = Digest::of(text, Algorithm::kSha512);
    ASSERT_TRUE(resume(id)->finish(digest));
    EXPECT_EQ(h.read(a, digest), text);
    EXPECT_EQ(h.read(a, Digest::of(text)), "[not found]") << "there is no look-up across algorithms";
  }
}

TEST_P(UploadsTest, ASessionHasOneWriter) {
  const std::string id = begin();
  {
    const auto writer = resume(id);
    EXPECT_EQ(h.store->uploads().resume(a, id).error().code, Code::kConflict);
    EXPECT_EQ(h.store->uploads().cancel(a, id).error().code, Code::kConflict);
  }
  EXPECT_TRUE(h.store->uploads().resume(a, id)) << "a writer that went away lets the next one in";
}

TEST_P(UploadsTest, ASessionIsKnownInItsRepositoryOnly) {
  const std::string id = begin();
  EXPECT_EQ(h.store->uploads().status(b, id).error().code, Code::kNotFound);
  EXPECT_EQ(h.store->uploads().resume(b, id).error().code, Code::kNotFound);
  EXPECT_EQ(h.store->uploads().cancel(b, id).error().code, Code::kNotFound);
  for (std::string_view no_id : {"", "..", "x", "00000000000000000000000000000000"}) {
    EXPECT_EQ(h.store->uploads().status(a, no_id).error().code, Code::kNotFound) << no_id;
  }
}

TEST_P(UploadsTest, CancelLeavesNothing) {
  const std::string id = begin();
  chunk(id, kLarge);
  ASSERT_TRUE(h.store->uploads().cancel(a, id));
  EXPECT_EQ(h.store->uploads().cancel(a, id).error().code, Code::kNotFound);
  EXPECT_TRUE(h.blobs->list_uploads()->empty());
  EXPECT_EQ(h.count(meta::Table::kUploads), 0u);
}

TEST_P(UploadsTest, TheSameContentIsStoredOnce) {
  h.push(a, kLarge);
  h.push(a, kLarge);
  h.push(b, kLarge);
  EXPECT_EQ(h.blobs->list({}, 10)->size(), 1u);
  EXPECT_EQ(h.count(meta::Table::kBlobs), 1u);
  EXPECT_EQ(h.count(meta::Table::kLinks), 2u);
  EXPECT_EQ(h.read(b, Digest::of(kLarge)), kLarge);
}

TEST_P(UploadsTest, TwoPushesOfTheSameContentAtOnceLeaveOneCopy) {
  // The second push commits between the first one's look at the records and its commit.
  bool pushed = false;
  h.meta.before_commit([&](const meta::Batch& batch) -> std::optional<Result<meta::Outcome>> {
    const bool is_final =
        std::ranges::any_of(batch.writes, [](const auto& w) { return w.table == meta::Table::kBlobs; });
    if (is_final && !pushed) {
      pushed = true;
      h.push(b, kLarge);
    }
    return std::nullopt;
  });
  h.push(a, kLarge);
  h.meta.before_commit({});
  ASSERT_TRUE(pushed);
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
  EXPECT_EQ(h.read(b, Digest::of(kLarge)), kLarge);
  EXPECT_EQ(h.blobs->list({}, 10)->size(), 1u);
  EXPECT_EQ(h.count(meta::Table::kRemovals), 0u);
  EXPECT_EQ(h.count(meta::Table::kUploads), 0u);
}

TEST_P(UploadsTest, ACommitThatFailsLeavesNothingBehindAfterARestart) {
  h.meta.before_commit([](const meta::Batch& batch) -> std::optional<Result<meta::Outcome>> {
    const bool is_final =
        std::ranges::any_of(batch.writes, [](const auto& w) { return w.table == meta::Table::kBlobs; });
    if (is_final) return fail(Code::kInternal, "the disk is gone");
    return std::nullopt;
  });
  const auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge)));
  EXPECT_EQ(upload->finish(Digest::of(kLarge)).error().code, Code::kInternal);
  h.meta.before_commit({});
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), "[not found]");
  h.restart(false);
  EXPECT_TRUE(h.blobs->list({}, 10)->empty());
  EXPECT_EQ(h.count(meta::Table::kUploads), 0u);
  h.push(a, kLarge);
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
}

TEST_P(UploadsTest, ACommitWhoseAnswerWasLostIsWholeAfterARestart) {
  h.meta.after_commit([](const meta::Batch& batch) -> std::optional<Error> {
    const bool is_final =
        std::ranges::any_of(batch.writes, [](const auto& w) { return w.table == meta::Table::kBlobs; });
    if (is_final) return Error{Code::kUnavailable, About::kNothing, "no answer"};
    return std::nullopt;
  });
  const auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(bytes_of(kLarge)));
  EXPECT_FALSE(upload->finish(Digest::of(kLarge)));
  h.meta.after_commit({});
  h.restart(true);
  EXPECT_EQ(h.read(a, Digest::of(kLarge)), kLarge);
}

TEST_P(UploadsTest, MoreIdleSessionsThanAreKeptInMemoryGoOn) {
  h.options.idle_uploads = 1;
  h.restart(false);
  const std::string first = begin();
  const std::string second = begin();
  chunk(first, kLarge.substr(0, 20));
  chunk(second, kLarge.substr(0, 20));
  for (const auto& id : {first, second}) {
    const auto upload = resume(id);
    ASSERT_TRUE(upload->append(bytes_of(kLarge.substr(20))));
    EXPECT_TRUE(upload->finish(Digest::of(kLarge)));
  }
}

}  // namespace
}  // namespace lamina::store
