// SPDX-License-Identifier: Apache-2.0
#include "store/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/keys.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;
using testing::HasSubstr;

constexpr std::string_view kSmall = "small";
constexpr std::string_view kLarge = "more than sixteen bytes of content";

/// A way to damage the stored bytes of a blob.
struct Damage {
  std::string name;
  std::string_view text;
  std::function<void(Harness&, const Digest&)> apply;
};

void erase(Harness& h, Table table, const Digest& digest) {
  meta::Batch batch;
  batch.writes.push_back({table, h.path_of(digest).filename(), std::nullopt});
  ASSERT_TRUE(h.meta.commit(std::move(batch)));
}

std::vector<Damage> damages() {
  return {
      {"FirstByteInline", kSmall, [](Harness& h, const Digest& d) { h.damage(d, 0); }},
      {"LastByteInline", kSmall, [](Harness& h, const Digest& d) { h.damage(d, kSmall.size() - 1); }},
      {"InlineMissing", kSmall, [](Harness& h, const Digest& d) { erase(h, Table::kInline, d); }},
      {"FirstByteOfFile", kLarge, [](Harness& h, const Digest& d) { h.damage(d, 0); }},
      {"LastByteOfFile", kLarge, [](Harness& h, const Digest& d) { h.damage(d, kLarge.size() - 1); }},
      {"ShorterFile", kLarge,
       [](Harness& h, const Digest& d) {
         ASSERT_TRUE(h.files.open_writable(h.path_of(d)).value()->truncate(kLarge.size() - 1));
       }},
      {"LongerFile", kLarge,
       [](Harness& h, const Digest& d) {
         ASSERT_TRUE(h.files.open_writable(h.path_of(d)).value()->truncate(kLarge.size() + 1));
       }},
      {"FileMissing", kLarge, [](Harness& h, const Digest& d) { ASSERT_TRUE(h.files.remove(h.path_of(d))); }},
      {"ChecksumsMissing", kLarge, [](Harness& h, const Digest& d) { erase(h, Table::kChecksums, d); }},
  };
}

class QuarantineTest : public testing::TestWithParam<Damage> {
 protected:
  QuarantineTest() {
    h.push(a, "{}");
    h.push(a, text);
    EXPECT_TRUE(h.store->manifests().put(a, h.image(text, {tag("v1")})));
    GetParam().apply(h, digest);
  }

  Harness h;
  RepositoryName a = repo("a");
  std::string_view text = GetParam().text;
  Digest digest = Digest::of(text);
};

INSTANTIATE_TEST_SUITE_P(Damages, QuarantineTest, testing::ValuesIn(damages()),
                         [](const auto& each) { return each.param.name; });

TEST_P(QuarantineTest, DamageIsFoundWhileReadingAndStaysKnown) {
  EXPECT_EQ(h.read(a, digest), "[corrupt]");
  h.restart(true);
  const auto stat = h.store->blobs().stat(a, digest, false);
  ASSERT_FALSE(stat);
  EXPECT_EQ(stat.error().code, Code::kNotFound);
  EXPECT_THAT(stat.error().message, HasSubstr("quarantined"));
  EXPECT_EQ(h.read(a, digest), "[not found]");
  EXPECT_EQ(h.store->blobs().mount(repo("b"), digest, a, {}).error().code, Code::kNotFound);
  EXPECT_EQ(
      h.store->blobs().mount(repo("b"), digest, std::nullopt, [](const auto&) { return true; }).error().code,
      Code::kNotFound);
  const auto naming = h.store->manifests().put(a, h.image(text, {}, {{"another", "manifest"}}));
  ASSERT_FALSE(naming);
  EXPECT_EQ(naming.error().about, About::kManifestBlob);
  EXPECT_EQ(h.count(Table::kEdges), 2u) << "edges stay";
  EXPECT_TRUE(h.store->manifests().get(a, tag("v1")));
}

TEST_P(QuarantineTest, PushingItAgainHealsEveryRepository) {
  EXPECT_EQ(h.read(a, digest), "[corrupt]");
  h.push(repo("b"), text);
  EXPECT_EQ(h.read(a, digest), text);
  EXPECT_EQ(h.read(repo("b"), digest), text);
  h.restart(true);
  EXPECT_EQ(h.read(a, digest), text);
  EXPECT_EQ(h.audit(), "") << "nothing of the damaged copy is left";
}

TEST_P(QuarantineTest, PublishingItAgainHealsToo) {
  EXPECT_EQ(h.read(a, digest), "[corrupt]");
  auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(std::as_bytes(std::span(text))));
  const std::vector<StagedBlob> staged = {upload->stage(digest).value()};
  // The manifest and its tag are unchanged.
  ASSERT_TRUE(h.store->manifests().put(a, h.image(text, {tag("v1")}), staged));
  EXPECT_EQ(h.read(a, digest), text);
  upload.reset();  // No upload outlives its store.
  h.restart(true);
  EXPECT_EQ(h.read(a, digest), text);
  EXPECT_EQ(h.audit(), "");
}

TEST_P(QuarantineTest, DeletingTheManifestAndTheBlobWorks) {
  EXPECT_EQ(h.read(a, digest), "[corrupt]");
  ASSERT_TRUE(h.store->manifests().remove(a, h.image(text, {}).digest));
  EXPECT_TRUE(h.store->blobs().remove(a, digest));
}

TEST_P(QuarantineTest, HealedBytesAreNotQuarantinedForTheOldOnes) {
  const std::string old_id = h.path_of(digest).filename();
  EXPECT_EQ(h.read(a, digest), "[corrupt]");
  h.push(a, text);
  // A reader that still has the old bytes reports them now.
  Context context{h.meta, *h.blobs, h.clock, h.random, h.options};
  EXPECT_EQ(quarantine(context, digest, blob::BlobId(old_id), "piece 0").code, Code::kCorrupt);
  EXPECT_EQ(h.read(a, digest), text);
}

TEST(QuarantineRaceTest, ABlobThatIsReplacedWhileItIsOpenedIsReadAnew) {
  for (const std::string_view text : {kSmall, kLarge}) {
    Harness h;
    const RepositoryName a = repo("a");
    const Digest digest = h.push(a, text);
    h.damage(digest);
    EXPECT_EQ(h.read(a, digest), "[corrupt]");
    h.push(a, text);
    // Once more from the good bytes to others, between the read of the record and that of the bytes.
    const std::string id = h.path_of(digest).filename();
    int reads = 0;
    h.meta.before_read([&]() -> std::optional<Error> {
      if (++reads != 3) return std::nullopt;
      Context context{h.meta, *h.blobs, h.clock, h.random, h.options};
      (void)quarantine(context, digest, blob::BlobId(id), "test");
      h.push(a, text);
      (void)h.blobs->remove(blob::BlobId(id));
      return std::nullopt;
    });
    EXPECT_EQ(h.read(a, digest), text);
    EXPECT_GE(reads, 3);
    h.meta.before_read({});
    EXPECT_EQ(h.read(a, digest), text);
  }
}

TEST(QuarantineRaceTest, APushThatMeetsABlobFoundDamagedBringsItsOwnBytes) {
  Harness h;
  const RepositoryName a = repo("a");
  const Digest digest = Digest::of(kLarge);
  auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(std::as_bytes(std::span(kLarge))));
  const StagedBlob staged = upload->stage(digest).value();
  ASSERT_TRUE(staged.published);
  h.push(repo("b"), kLarge);
  h.damage(digest);
  // It is found damaged just before the commit that would have kept the stored copy.
  h.push(a, "{}");
  h.before_next_commit([&] { EXPECT_EQ(h.read(repo("b"), digest), "[corrupt]"); });
  ASSERT_TRUE(h.store->manifests().put(a, h.image(kLarge, {}), std::vector{staged}));
  EXPECT_EQ(h.read(a, digest), kLarge);
}

TEST(QuarantineTestOfPieces, OnlyTheDamagedPieceBreaksOff) {
  Harness h;
  const RepositoryName a = repo("a");
  const std::string text(600'000, 'x');
  const Digest digest = h.push(a, text);
  h.damage(digest, 300'000);
  const auto reader = h.store->blobs().open(a, digest, false).value();
  EXPECT_TRUE(reader->at(0));
  EXPECT_TRUE(reader->at(599'999));
  EXPECT_TRUE(h.store->blobs().stat(a, digest, false));
  const auto damaged = reader->at(262'144);
  ASSERT_FALSE(damaged) << "no byte of the piece is given out";
  EXPECT_EQ(damaged.error().code, Code::kCorrupt);
  EXPECT_EQ(reader->at(0).has_value(), true) << "its reader goes on with what is sound";
  EXPECT_EQ(h.store->blobs().stat(a, digest, false).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace lamina::store
