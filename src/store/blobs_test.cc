// SPDX-License-Identifier: Apache-2.0
#include "store/blobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/keys.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view kLarge = "more than sixteen bytes of content";

bool everyone(const RepositoryName&) { return true; }

class BlobsTest : public testing::TestWithParam<Others> {
 protected:
  ~BlobsTest() override { EXPECT_EQ(h.audit(), ""); }

  Blobs& blobs() { return h.store->blobs(); }
  UnixTime lease_of(const RepositoryName& repository, const Digest& digest) {
    return decode<LinkRecord>(h.meta.get(Table::kLinks, keys::in(repository, digest)).value().value())->lease;
  }

  Harness h{Harness::small(), GetParam()};
  RepositoryName a = repo("a");
  RepositoryName b = repo("b");
};

LAMINA_ALONE_AND_AMONG_OTHERS(BlobsTest);

TEST_P(BlobsTest, ABlobIsVisibleWhereItIsLinked) {
  for (const std::string_view text :
       {std::string_view("small"), kLarge, std::string_view("{}"), std::string_view()}) {
    const Digest digest = h.push(a, text);
    EXPECT_EQ(blobs().stat(a, digest, false).value(), text.size());
    const auto elsewhere = blobs().stat(b, digest, false);
    ASSERT_FALSE(elsewhere) << "also of what is built in";
    EXPECT_EQ(elsewhere.error().code, Code::kNotFound);
    EXPECT_EQ(elsewhere.error().about, About::kBlob);
  }
}

TEST_P(BlobsTest, BuiltInBlobsTakeNoSpace) {
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha512}) {
    for (const std::string_view text : {"", "{}"}) {
      const Digest digest = Digest::of(text, algorithm);
      auto upload = h.store->uploads().direct(a, algorithm).value();
      ASSERT_TRUE(upload->append(std::as_bytes(std::span(text))));
      ASSERT_TRUE(upload->finish(digest));
      EXPECT_EQ(h.read(a, digest), text);
    }
  }
  EXPECT_EQ(h.count(Table::kBlobs), 0u);
  EXPECT_EQ(h.count(Table::kInline), 0u);
  EXPECT_EQ(built_in(Digest::of("x")), std::nullopt);
}

TEST_P(BlobsTest, LargeBlobsAreReadByPieces) {
  std::string text(600'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
  const Digest digest = h.push(a, text);
  EXPECT_EQ(h.read(a, digest), text);
  const auto reader = blobs().open(a, digest, false).value();
  for (const std::uint64_t offset : {599'999u, 0u, 262'143u, 262'144u, 300'000u, 1u}) {
    const auto bytes = reader->at(offset).value();
    ASSERT_FALSE(bytes.empty());
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
              std::string_view(text).substr(offset, bytes.size()));
    EXPECT_TRUE((offset + bytes.size()) % 262'144 == 0 || offset + bytes.size() == text.size());
  }
}

TEST_P(BlobsTest, MountFromARepositoryThatHasIt) {
  const Digest digest = h.push(a, kLarge);
  ASSERT_TRUE(blobs().mount(b, digest, a, {}));
  EXPECT_EQ(h.read(b, digest), kLarge);
  h.restart(true);
  EXPECT_EQ(h.read(b, digest), kLarge);
  EXPECT_EQ(blobs().mount(repo("c"), digest, repo("d"), {}).error().code, Code::kNotFound);
  ASSERT_TRUE(blobs().remove(a, digest));
  EXPECT_EQ(h.read(b, digest), kLarge) << "a link is a repository's own";
  EXPECT_EQ(blobs().mount(repo("c"), digest, a, {}).error().code, Code::kNotFound);
}

TEST_P(BlobsTest, MountWithoutFromAsksWhatTheCallerMayRead) {
  const Digest digest = h.push(a, "x");
  h.push(b, "x");
  std::vector<std::string> asked;
  const auto only_b = [&](const RepositoryName& name) {
    asked.push_back(name.str());
    return name == b;
  };
  EXPECT_TRUE(blobs().mount(repo("c"), digest, std::nullopt, only_b));
  EXPECT_EQ(asked, (std::vector<std::string>{"a", "b"}));
  const auto nobody = [](const RepositoryName&) { return false; };
  EXPECT_EQ(blobs().mount(repo("d"), digest, std::nullopt, nobody).error().code, Code::kNotFound);
  EXPECT_EQ(blobs().mount(repo("d"), Digest::of("y"), std::nullopt, everyone).error().code, Code::kNotFound);
}

TEST_P(BlobsTest, MountWithoutFromTriesEight) {
  const Digest digest = h.push(repo("r1"), "x");
  for (int i = 2; i <= 9; ++i) h.push(repo("r" + std::to_string(i)), "x");
  int tries = 0;
  const auto only = [&](std::string_view wanted) {
    tries = 0;
    return blobs().mount(repo("z"), digest, std::nullopt, [&, wanted](const RepositoryName& name) {
      ++tries;
      return name.str() == wanted;
    });
  };
  EXPECT_FALSE(only("r9"));
  EXPECT_EQ(tries, 8);
  EXPECT_TRUE(only("r8"));
}

TEST_P(BlobsTest, AMountWhoseSourceGoesMeanwhileFails) {
  const Digest digest = h.push(a, "x");
  h.before_next_commit([&] { EXPECT_TRUE(blobs().remove(a, digest)); });
  EXPECT_EQ(blobs().mount(b, digest, a, {}).error().code, Code::kNotFound);
}

TEST_P(BlobsTest, RemoveTakesTheLinkAtOnce) {
  const Digest digest = h.push(a, kLarge);
  ASSERT_TRUE(blobs().remove(a, digest));
  EXPECT_EQ(h.read(a, digest), "[not found]");
  EXPECT_EQ(blobs().remove(a, digest).error().about, About::kBlob);
  EXPECT_TRUE(h.meta.get(Table::kLeases, keys::due(h.clock.now(), a, digest)).value())
      << "the collector is told";
  h.restart(true);
  EXPECT_EQ(h.read(a, digest), "[not found]");
  h.push(a, kLarge);
  EXPECT_EQ(h.read(a, digest), kLarge);
}

TEST_P(BlobsTest, ABlobThatManifestsNameIsNotRemoved) {
  std::vector<Digest> manifests;
  for (int i = 0; i < 11; ++i) {
    manifests.push_back(h.put_image(a, "layer", {}, {{"i", std::to_string(i)}}));
  }
  h.push(b, "layer");
  const Digest layer = Digest::of("layer");
  const auto removed = blobs().remove(a, layer);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, Code::kUnsupported);
  EXPECT_EQ(removed.error().about, About::kBlob);
  std::ranges::sort(manifests);
  for (int i = 0; i < 11; ++i) {
    const bool listed =
        removed.error().message.find(manifests[static_cast<std::size_t>(i)].to_string()) != std::string::npos;
    EXPECT_EQ(listed, i < 10) << i;
  }
  EXPECT_TRUE(blobs().remove(b, layer)) << "no manifest of this repository names it";
  for (const Digest& manifest : manifests) ASSERT_TRUE(h.store->manifests().remove(a, manifest));
  EXPECT_TRUE(blobs().remove(a, layer));
}

TEST_P(BlobsTest, OfRemovalAndAManifestThatNamesTheBlobOneWins) {
  h.push(a, "{}");
  h.push(a, "layer");
  h.before_next_commit([&] { EXPECT_TRUE(h.store->manifests().put(a, h.image("layer", {}))); });
  EXPECT_EQ(blobs().remove(a, Digest::of("layer")).error().code, Code::kUnsupported);

  h.push(a, "other");
  h.before_next_commit([&] { EXPECT_TRUE(blobs().remove(a, Digest::of("other"))); });
  EXPECT_EQ(h.store->manifests().put(a, h.image("other", {})).error().about, About::kManifestBlob);
}

TEST_P(BlobsTest, AReadRenewsTheLeaseWhenHalfIsGone) {
  const Digest digest = h.push(a, "x");
  const UnixTime first = lease_of(a, digest);
  EXPECT_EQ(first - h.clock.now(), 1h);
  h.clock.advance(29min);
  ASSERT_TRUE(blobs().stat(a, digest, true));
  EXPECT_EQ(lease_of(a, digest), first) << "more than half is left";
  h.clock.advance(1min);
  ASSERT_TRUE(blobs().stat(a, digest, false));
  EXPECT_EQ(lease_of(a, digest), first) << "a reader without the right to push";
  ASSERT_TRUE(blobs().open(a, digest, true));
  EXPECT_EQ(lease_of(a, digest) - h.clock.now(), 1h);
}

TEST_P(BlobsTest, RenewalIsNotSynced) {
  const Digest digest = h.push(a, "x");
  const UnixTime first = lease_of(a, digest);
  h.clock.advance(45min);
  ASSERT_TRUE(blobs().stat(a, digest, true));
  h.restart(true);
  EXPECT_EQ(lease_of(a, digest), first);
}

TEST_P(BlobsTest, ReadsGoOnWhereWritesHaveStopped) {
  const Digest digest = h.push(a, "x");
  h.clock.advance(45min);
  for (const Code code : {Code::kNoSpace, Code::kInternal}) {
    h.meta.before_commit([code](const meta::Batch&) -> std::optional<Result<meta::Outcome>> {
      return std::unexpected(Error{code, About::kNothing, "no writes"});
    });
    EXPECT_TRUE(blobs().stat(a, digest, true));
    EXPECT_TRUE(blobs().open(a, digest, true));
    h.meta.before_commit({});
  }
}

TEST_P(BlobsTest, AnErrorOfTheDiskIsNoQuarantine) {
  const Digest digest = h.push(a, kLarge);
  h.files.set_fault([](const fs::Call& call) -> std::optional<Error> {
    if (call.operation == fs::Operation::kRead)
      return Error{Code::kInternal, About::kNothing, "input/output error"};
    return std::nullopt;
  });
  EXPECT_EQ(h.read(a, digest), "[internal]");
  h.files.set_fault({});
  EXPECT_EQ(h.read(a, digest), kLarge);
}

}  // namespace
}  // namespace lamina::store
