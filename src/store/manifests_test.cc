// SPDX-License-Identifier: Apache-2.0
#include "store/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lamina/identity.h"
#include "store/keys.h"
#include "store/references.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

class ManifestsTest : public testing::TestWithParam<Others> {
 protected:
  ~ManifestsTest() override { EXPECT_EQ(h.audit(), ""); }

  Manifests& manifests() { return h.store->manifests(); }
  Result<PutOutcome> put(const ManifestPut& manifest) { return manifests().put(a, manifest); }
  StoredManifest get(const Digest& digest) { return manifests().get(a, digest).value(); }
  bool has(const Digest& digest) { return manifests().get(a, digest).has_value(); }
  /// The digest that a tag names, or nothing.
  std::optional<Digest> named(std::string_view name) {
    const auto manifest = manifests().get(a, tag(name));
    return manifest ? std::optional(manifest->digest) : std::nullopt;
  }
  TagCountRecord tags_of(const Digest& digest) {
    return decode<TagCountRecord>(h.meta.get(Table::kTagsOf, keys::in(a, digest)).value().value()).value();
  }
  std::string short_of(const Digest& digest) { return "a@" + digest.hex().substr(0, 8); }

  Harness h{Harness::small(), GetParam()};
  RepositoryName a = repo("a");
  RepositoryName b = repo("b");
};

LAMINA_ALONE_AND_AMONG_OTHERS(ManifestsTest);

TEST_P(ManifestsTest, AManifestIsServedAsItWasPushed) {
  const Digest digest = h.put_image(a, "layer", {tag("v1"), tag("latest")});
  for (const TagOrDigest& reference :
       {TagOrDigest(tag("v1")), TagOrDigest(tag("latest")), TagOrDigest(digest)}) {
    const auto manifest = manifests().get(a, reference);
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->digest, digest);
    EXPECT_EQ(manifest->media_type, media_type::kImageManifest);
    EXPECT_EQ(Digest::of(manifest->bytes), digest);
  }
  EXPECT_EQ(manifests().get(b, digest).error().about, About::kManifest) << "another repository has its own";
  EXPECT_EQ(manifests().get(a, tag("v2")).error().code, Code::kNotFound);
  h.restart(true);
  EXPECT_EQ(named("v1"), digest);
}

TEST_P(ManifestsTest, TheSameBytesUnderAnotherAlgorithmAreAnotherManifest) {
  h.put_image(a, "layer", {tag("v1")});
  ManifestPut put512 = h.image("layer", {});
  put512.digest = Digest::of(put512.bytes, Algorithm::kSha512);
  EXPECT_FALSE(has(put512.digest));
  ASSERT_TRUE(put(put512));
  EXPECT_EQ(get(put512.digest).digest, put512.digest);
  ASSERT_TRUE(manifests().remove(a, put512.digest));
  EXPECT_TRUE(named("v1"));
}

TEST_P(ManifestsTest, TagsMove) {
  const Digest first = h.put_image(a, "one", {tag("v1"), tag("v2"), tag("v3")});
  h.clock.advance(10s);
  const Digest second = h.put_image(a, "two", {tag("v1"), tag("v2")});
  EXPECT_EQ(named("v1"), second);
  EXPECT_EQ(named("v3"), first);
  EXPECT_EQ(tags_of(first).tags, 1u);
  EXPECT_EQ(tags_of(first).untagged, UnixTime{});
  h.clock.advance(10s);
  h.put_image(a, "two", {tag("v3")});
  EXPECT_EQ(tags_of(first).tags, 0u);
  EXPECT_EQ(tags_of(first).untagged, h.clock.now()) << "from then on a rule for untagged manifests counts";
  EXPECT_EQ(tags_of(second).tags, 3u);
  EXPECT_TRUE(has(first)) << "a manifest stays when its last tag goes";
}

TEST_P(ManifestsTest, ATagThatIsGivenTwiceIsOne) {
  h.put_image(a, "layer", {tag("v1"), tag("v1")});
  EXPECT_EQ(h.count(Table::kTags), 1u);
}

TEST_P(ManifestsTest, UntagRemovesTheTagAlone) {
  const Digest digest = h.put_image(a, "layer", {tag("v1"), tag("v2")});
  ASSERT_TRUE(manifests().untag(a, tag("v1")));
  EXPECT_FALSE(named("v1"));
  EXPECT_EQ(named("v2"), digest);
  EXPECT_EQ(manifests().untag(a, tag("v1")).error().code, Code::kNotFound);
  ASSERT_TRUE(manifests().untag(a, tag("v2")));
  EXPECT_TRUE(has(digest));
}

TEST_P(ManifestsTest, AConditionHoldsForEveryTagOrNothingIsStored) {
  const Digest first = h.put_image(a, "one", {tag("v1")});
  h.push(a, "two");
  const auto try_put = [&](TagCondition condition, std::vector<Tag> tags) {
    ManifestPut next = h.image("two", std::move(tags));
    next.condition = condition;
    const auto outcome = put(next);
    return outcome ? Code::kInternal : outcome.error().code;
  };
  const Digest other = Digest::of("other");
  EXPECT_EQ(try_put({.absent = true}, {tag("v2"), tag("v1")}), Code::kPrecondition);
  EXPECT_EQ(try_put({.names = other}, {tag("v1")}), Code::kPrecondition);
  EXPECT_EQ(try_put({.names = first}, {tag("v1"), tag("v2")}), Code::kPrecondition) << "v2 is absent";
  EXPECT_EQ(named("v1"), first);
  EXPECT_EQ(h.count(Table::kManifests), 1u);
  EXPECT_EQ(try_put({.names = first}, {tag("v1")}), Code::kInternal) << "kInternal stands for success";
  EXPECT_EQ(try_put({.absent = true}, {tag("v2")}), Code::kInternal);
  // The answer to the last put was lost; it is repeated.
  EXPECT_EQ(try_put({.absent = true}, {tag("v2")}), Code::kInternal);
}

TEST_P(ManifestsTest, OfTwoWritersWithOneConditionOneWins) {
  const Digest first = h.put_image(a, "one", {tag("v1")});
  h.push(a, "two");
  h.push(a, "three");
  ManifestPut second = h.image("two", {tag("v1")});
  ManifestPut third = h.image("three", {tag("v1")});
  second.condition.names = third.condition.names = first;
  h.before_next_commit([&] { EXPECT_TRUE(put(third)); });
  EXPECT_EQ(put(second).error().code, Code::kPrecondition);
  EXPECT_EQ(named("v1"), third.digest);
}

TEST_P(ManifestsTest, UnchangedContentWritesNothing) {
  h.put_image(a, "layer", {tag("v1")});
  const auto records = h.changes();
  h.clock.advance(10s);
  EXPECT_EQ(put(h.image("layer", {tag("v1")})).value(), PutOutcome::kUnchanged);
  EXPECT_EQ(put(h.image("layer", {})).value(), PutOutcome::kUnchanged);
  EXPECT_EQ(h.changes(), records);
  EXPECT_EQ(put(h.image("layer", {tag("v2")})).value(), PutOutcome::kStored);
}

TEST_P(ManifestsTest, NamesOnlyWhatItsRepositoryHolds) {
  h.push(a, "{}");
  h.push(b, "layer");
  const auto outcome = put(h.image("layer", {}));
  ASSERT_FALSE(outcome) << "the blob is another repository's";
  EXPECT_EQ(outcome.error().code, Code::kNotFound);
  EXPECT_EQ(outcome.error().about, About::kManifestBlob);
  EXPECT_THAT(outcome.error().message, HasSubstr(Digest::of("layer").to_string()));
  ASSERT_TRUE(h.store->blobs().mount(a, Digest::of("layer"), b, {}));
  EXPECT_TRUE(put(h.image("layer", {})));
}

TEST_P(ManifestsTest, AnIndexNamesManifests) {
  ManifestPut child = h.image("layer", {});
  const StoredManifest stored{child.digest, child.media_type, child.bytes};
  EXPECT_EQ(put(h.index({stored}, {})).error().about, About::kManifestBlob);
  // The same bytes as a blob are not found where a client looks for a manifest.
  h.push(a, child.bytes);
  EXPECT_EQ(put(h.index({stored}, {})).error().about, About::kManifestBlob);
  h.put_image(a, "layer", {});
  EXPECT_TRUE(put(h.index({stored}, {})));
}

TEST_P(ManifestsTest, AnIndexMayNameABlobOfAnotherType) {
  h.push(a, "cache");
  ManifestPut index = h.index({}, {});
  index.content.manifests.push_back(
      {.media_type = "application/x", .digest = Digest::of("cache"), .size = 5});
  EXPECT_TRUE(put(finished(std::move(index))));
}

TEST_P(ManifestsTest, StatedSizesAreChecked) {
  h.push(a, "{}");
  h.push(a, "layer");
  ManifestPut wrong = h.image("layer", {});
  wrong.content.layers[0].size = 4;
  EXPECT_EQ(put(finished(wrong)).error().about, About::kSize);
  // The same digest with a right and a wrong size.
  wrong.content.layers.push_back(wrong.content.layers[0]);
  wrong.content.layers[0].size = 5;
  EXPECT_EQ(put(finished(wrong)).error().code, Code::kMismatch);
  const Digest child = h.put_image(a, "layer", {});
  ManifestPut index = h.index({get(child)}, {});
  index.content.manifests[0].size = 1;
  EXPECT_EQ(put(finished(index)).error().about, About::kSize);
}

TEST_P(ManifestsTest, WhatNeedNotBeThere) {
  h.push(a, "{}");
  ManifestPut manifest = h.image("layer", {});
  manifest.content.layers[0].media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
  EXPECT_TRUE(put(finished(manifest))) << "a layer that is not distributed";
  manifest.content.layers[0] = {
      .media_type = "x/y", .digest = Digest::of("gone"), .size = 4, .urls = {"http://x/"}};
  EXPECT_TRUE(put(finished(manifest))) << "a layer that is elsewhere";
  manifest.content.layers.clear();
  manifest.content.subject = Descriptor{.media_type = "x/y", .digest = Digest::of("subject"), .size = 7};
  EXPECT_TRUE(put(finished(manifest))) << "a subject that may come later, or never";
}

TEST_P(ManifestsTest, SparseContentIsAcceptedWhereItIsAllowed) {
  h.options.accepts_sparse = [](const RepositoryName& name) { return name == repo("a"); };
  h.restart(false);
  const ManifestPut child = h.image("layer", {});
  EXPECT_TRUE(put(child));
  EXPECT_TRUE(put(h.index({{Digest::of("absent"), std::string(media_type::kImageManifest), "absent"}}, {})));
  EXPECT_EQ(manifests().put(b, child).error().about, About::kManifestBlob);
}

TEST_P(ManifestsTest, EdgesAreASet) {
  // Config and layer have one digest.
  h.push(a, "same");
  ManifestPut manifest = h.image("same", {});
  manifest.content.config->digest = Digest::of("same");
  manifest.content.config->size = 4;
  manifest = finished(manifest);
  EXPECT_EQ(named_content(manifest.content).size(), 1u);
  ASSERT_TRUE(put(manifest));
  EXPECT_EQ(h.count(Table::kEdges), 1u);
  ASSERT_TRUE(manifests().remove(a, manifest.digest));
  EXPECT_EQ(h.count(Table::kEdges), 0u);
}

TEST_P(ManifestsTest, AManifestThatNamesABlobCutsItsLease) {
  h.put_image(a, "layer", {});
  const auto link =
      decode<LinkRecord>(h.meta.get(Table::kLinks, keys::in(a, Digest::of("layer"))).value().value());
  EXPECT_EQ(link->lease - h.clock.now(), h.options.lease_once_named);
}

TEST_P(ManifestsTest, RemovalTakesEverythingThatFollowedFromIt) {
  h.push(a, "{}");
  h.push(a, "layer");
  ManifestPut manifest =
      h.image("layer", {tag("v1"), tag("v2")}, {{std::string(kIdentityAnnotation), R"({"k":"v"})"}});
  manifest.content.subject = Descriptor{.media_type = "x/y", .digest = Digest::of("subject"), .size = 7};
  manifest = finished(manifest);
  manifest.ttl = 1h;
  ASSERT_TRUE(put(manifest));
  EXPECT_EQ(h.count(Table::kEdges), 2u);
  EXPECT_EQ(h.count(Table::kReferrers), 2u) << "of all types and of its own";
  EXPECT_EQ(h.count(Table::kIdentities), 1u);
  EXPECT_EQ(h.count(Table::kRepositories), 1u);
  EXPECT_EQ(manifests().remove(a, manifest.digest).value(), Removal::kRemoved);
  for (const Table table : {Table::kManifests, Table::kTags, Table::kTagsOf, Table::kEdges, Table::kReferrers,
                            Table::kIdentities, Table::kRepositories}) {
    EXPECT_EQ(h.count(table), 0u) << static_cast<int>(table);
  }
  EXPECT_EQ(h.read(a, Digest::of("layer")), "layer") << "for the time of its lease";
  EXPECT_EQ(manifests().remove(a, manifest.digest).error().about, About::kManifest);
  const std::string due = keys::due(h.clock.now(), a, Digest::of("layer"));
  EXPECT_TRUE(h.meta.get(Table::kLeases, due).value()) << "the collector is told";
}

TEST_P(ManifestsTest, ARepositoryIsListedWhileItHoldsAManifest) {
  h.push(a, "x");
  EXPECT_EQ(h.count(Table::kRepositories), 0u);
  const Digest one = h.put_image(a, "one", {});
  const Digest two = h.put_image(a, "two", {});
  ASSERT_TRUE(manifests().remove(a, one));
  EXPECT_EQ(h.count(Table::kRepositories), 1u);
  ASSERT_TRUE(manifests().remove(a, two));
  EXPECT_EQ(h.count(Table::kRepositories), 0u);
}

TEST_P(ManifestsTest, AManifestPutWhileTheLastIsRemovedKeepsTheRepository) {
  const Digest one = h.put_image(a, "one", {});
  h.push(a, "two");
  bool put_between = false;
  h.meta.before_commit([&](const meta::Batch& batch) -> std::optional<Result<meta::Outcome>> {
    if (!put_between && batch.writes[0].table == Table::kRepositories) {
      put_between = true;
      EXPECT_TRUE(put(h.image("two", {})));
    }
    return std::nullopt;
  });
  ASSERT_TRUE(manifests().remove(a, one));
  EXPECT_TRUE(put_between);
  EXPECT_EQ(h.count(Table::kRepositories), 1u);
}

TEST_P(ManifestsTest, AManifestThatAnIndexNamesGoesWithTheLastIndex) {
  const Digest child = h.put_image(a, "layer", {tag("child")});
  const StoredManifest stored = get(child);
  const ManifestPut first = h.index({stored}, {});
  ManifestPut second = h.index({stored}, {});
  second.content.annotations["second"] = "yes";
  second = finished(second);
  ASSERT_TRUE(put(first));
  ASSERT_TRUE(put(second));
  EXPECT_EQ(manifests().remove(a, child).value(), Removal::kIndexed);
  EXPECT_FALSE(named("child")) << "its tags go at once";
  EXPECT_TRUE(has(child));
  EXPECT_EQ(manifests().remove(a, child).value(), Removal::kIndexed) << "again";
  EXPECT_EQ(manifests().remove(a, first.digest).value(), Removal::kRemoved);
  EXPECT_TRUE(has(child));
  EXPECT_EQ(manifests().remove(a, second.digest).value(), Removal::kRemoved);
  EXPECT_FALSE(has(child));
  EXPECT_EQ(h.count(Table::kRepositories), 0u);
}

TEST_P(ManifestsTest, AnIndexLeavesAChildThatWasNotDeleted) {
  const Digest child = h.put_image(a, "layer", {});
  const ManifestPut index = h.index({get(child)}, {});
  ASSERT_TRUE(put(index));
  ASSERT_TRUE(manifests().remove(a, index.digest));
  EXPECT_TRUE(has(child));
}

TEST_P(ManifestsTest, PushedAgainADeletedChildStays) {
  const Digest child = h.put_image(a, "layer", {});
  const ManifestPut index = h.index({get(child)}, {});
  ASSERT_TRUE(put(index));
  ASSERT_EQ(manifests().remove(a, child).value(), Removal::kIndexed);
  h.clock.advance(10s);
  EXPECT_EQ(put(h.image("layer", {})).value(), PutOutcome::kStored) << "it was deleted, so this is news";
  EXPECT_EQ(tags_of(child).untagged, h.clock.now());
  ASSERT_TRUE(manifests().remove(a, index.digest));
  EXPECT_TRUE(has(child));
}

TEST_P(ManifestsTest, AChildThatIsPushedAgainWhileItsIndexGoesStays) {
  const Digest child = h.put_image(a, "layer", {});
  const ManifestPut index = h.index({get(child)}, {});
  ASSERT_TRUE(put(index));
  ASSERT_EQ(manifests().remove(a, child).value(), Removal::kIndexed);
  // Between the removal of the index and that of the child.
  int commits = 0;
  h.meta.before_commit([&](const meta::Batch&) -> std::optional<Result<meta::Outcome>> {
    if (++commits == 2) {
      EXPECT_TRUE(put(h.image("layer", {tag("v1")})));
    }
    return std::nullopt;
  });
  ASSERT_TRUE(manifests().remove(a, index.digest));
  h.meta.before_commit({});
  EXPECT_EQ(named("v1"), child) << "the push was acknowledged";
}

TEST_P(ManifestsTest, AChildThatIsDeletedWhileItsIndexGoesIsNotForgotten) {
  const Digest child = h.put_image(a, "layer", {});
  const ManifestPut index = h.index({get(child)}, {});
  ASSERT_TRUE(put(index));
  h.before_next_commit([&] { EXPECT_TRUE(manifests().remove(a, index.digest)); });
  EXPECT_EQ(manifests().remove(a, child).value(), Removal::kRemoved);
  EXPECT_FALSE(has(child));
}

TEST_P(ManifestsTest, AnIndexThatIsPutWhileItsChildIsRemovedHoldsIt) {
  const Digest child = h.put_image(a, "layer", {});
  const ManifestPut index = h.index({get(child)}, {});
  h.before_next_commit([&] { EXPECT_TRUE(put(index)); });
  EXPECT_EQ(manifests().remove(a, child).value(), Removal::kIndexed);
  EXPECT_TRUE(has(child));
}

TEST_P(ManifestsTest, BytesThatComeToASparseManifestAreLinked) {
  h.options.accepts_sparse = [](const RepositoryName&) { return true; };
  h.restart(false);
  h.push(b, "layer");
  const ManifestPut manifest = h.image("layer", {});
  ASSERT_TRUE(put(manifest));
  auto upload = h.store->uploads().direct(a, Algorithm::kSha256).value();
  ASSERT_TRUE(upload->append(std::as_bytes(std::span(std::string_view("layer")))));
  const std::vector<StagedBlob> staged = {upload->stage(Digest::of("layer")).value()};
  // The store has the bytes and the manifest; the repository did not have the bytes.
  ASSERT_TRUE(manifests().put(a, manifest, staged));
  EXPECT_EQ(h.read(a, Digest::of("layer")), "layer");
}

TEST_P(ManifestsTest, DeeplyNestedIndexesGoTogether) {
  StoredManifest inner = get(h.put_image(a, "layer", {}));
  std::vector<Digest> all = {inner.digest};
  for (int depth = 0; depth < 2'000; ++depth) {
    const ManifestPut index = h.index({inner}, {});
    ASSERT_TRUE(put(index));
    ASSERT_EQ(manifests().remove(a, inner.digest).value(), Removal::kIndexed);
    inner = {index.digest, index.media_type, index.bytes};
  }
  EXPECT_EQ(manifests().remove(a, inner.digest).value(), Removal::kRemoved);
  EXPECT_EQ(h.count(Table::kManifests), 0u);
}

TEST_P(ManifestsTest, ATagSetWhileItsManifestIsRemovedNamesAManifest) {
  const Digest digest = h.put_image(a, "layer", {tag("v1")});
  h.before_next_commit([&] { EXPECT_TRUE(put(h.image("layer", {tag("v2")}))); });
  ASSERT_TRUE(manifests().remove(a, digest));
  EXPECT_FALSE(named("v2")) << "set before the removal";
  EXPECT_EQ(h.count(Table::kTags), 0u);

  h.put_image(a, "layer", {tag("v1")});
  h.before_next_commit([&] { EXPECT_TRUE(manifests().remove(a, digest)); });
  EXPECT_TRUE(put(h.image("layer", {tag("v2")})));
  EXPECT_EQ(named("v2"), digest) << "stored anew after the removal";
}

TEST_P(ManifestsTest, ATagThatGoesBetweenTwoReadsIsNoDamage) {
  const Digest digest = h.put_image(a, "layer", {tag("v1")});
  // The tag is read first, then the count of its manifest.
  int reads = 0;
  h.meta.before_read([&]() -> std::optional<Error> {
    if (++reads == 2) {
      EXPECT_TRUE(h.store->manifests().remove(a, digest));
    }
    return std::nullopt;
  });
  EXPECT_EQ(manifests().untag(a, tag("v1")).error().code, Code::kNotFound);
  h.meta.before_read({});
}

TEST_P(ManifestsTest, TwoWhoTakeTheLastTwoTagsLeaveAnUntaggedManifest) {
  const Digest digest = h.put_image(a, "layer", {tag("v1"), tag("v2")});
  h.before_next_commit([&] { EXPECT_TRUE(manifests().untag(a, tag("v2"))); });
  ASSERT_TRUE(manifests().untag(a, tag("v1")));
  EXPECT_EQ(tags_of(digest).tags, 0u);
  EXPECT_EQ(tags_of(digest).untagged, h.clock.now());
}

TEST_P(ManifestsTest, ManifestsExpire) {
  h.push(a, "{}");
  h.push(a, "layer");
  ManifestPut manifest = h.image("layer", {tag("v1")});
  manifest.ttl = 60s;
  ASSERT_TRUE(put(manifest));
  h.clock.advance(59s);
  EXPECT_EQ(manifests().remove_expired().value(), 0u);
  EXPECT_EQ(put(manifest).value(), PutOutcome::kUnchanged) << "only the time moves";
  h.clock.advance(59s);
  EXPECT_EQ(manifests().remove_expired().value(), 0u) << "pushed again, it lives longer";
  h.clock.advance(1s);
  EXPECT_EQ(manifests().remove_expired().value(), 1u);
  EXPECT_FALSE(has(manifest.digest));
  EXPECT_EQ(h.count(Table::kTags), 0u);
  EXPECT_EQ(h.count(Table::kExpiries), 0u);
}

TEST_P(ManifestsTest, APutWithoutTtlTakesItAway) {
  h.push(a, "{}");
  h.push(a, "layer");
  ManifestPut manifest = h.image("layer", {});
  manifest.ttl = 60s;
  ASSERT_TRUE(put(manifest));
  ASSERT_TRUE(put(h.image("layer", {})));
  h.clock.advance(1h);
  EXPECT_EQ(manifests().remove_expired().value(), 0u);
  EXPECT_TRUE(has(manifest.digest));
}

TEST_P(ManifestsTest, AManifestThatIsPushedAgainWhileItExpiresStays) {
  h.push(a, "{}");
  h.push(a, "layer");
  ManifestPut manifest = h.image("layer", {});
  manifest.ttl = 60s;
  ASSERT_TRUE(put(manifest));
  h.clock.advance(60s);
  h.before_next_commit([&] { EXPECT_TRUE(put(h.image("layer", {}))); });
  EXPECT_EQ(manifests().remove_expired().value(), 0u);
  EXPECT_TRUE(has(manifest.digest)) << "the push was acknowledged";
}

TEST_P(ManifestsTest, AManifestOf4MiBIsStored) {
  h.push(a, "{}");
  h.push(a, "layer");
  ManifestPut manifest = h.image("layer", {tag("big")});
  const std::size_t rest = kMaxManifestBytes - finished(manifest).bytes.size();
  manifest.content.annotations["k"] = "";
  const std::size_t frame = finished(manifest).bytes.size() - (kMaxManifestBytes - rest);
  manifest.content.annotations["k"] = std::string(rest - frame, 'x');
  manifest = finished(manifest);
  ASSERT_EQ(manifest.bytes.size(), kMaxManifestBytes);
  ASSERT_TRUE(put(manifest));
  h.restart(true);
  EXPECT_EQ(manifests().get(a, tag("big"))->bytes, manifest.bytes);
}

TEST_P(ManifestsTest, MoreTagsThanOneCommitTakesGoToo) {
  h.put_image(a, "layer", {});
  std::vector<Tag> tags;
  for (int i = 0; i < 10'001; ++i) tags.push_back(tag("t" + std::to_string(i)));
  const ManifestPut manifest = h.image("layer", tags);
  ASSERT_TRUE(put(manifest));
  ASSERT_TRUE(manifests().remove(a, manifest.digest));
  EXPECT_EQ(h.count(Table::kTags), 0u);
  EXPECT_EQ(h.count(Table::kTagsOf), 0u);
}

TEST_P(ManifestsTest, TheChangeLogTellsWhatHappenedInOrder) {
  const Digest one = h.put_image(a, "one", {tag("v1"), tag("v2")});
  const Digest two = h.put_image(a, "two", {tag("v1")});
  ASSERT_TRUE(manifests().untag(a, tag("v1")));
  const ManifestPut index = h.index({get(one)}, {});
  ASSERT_TRUE(put(index));
  ASSERT_TRUE(manifests().remove(a, one));
  ASSERT_TRUE(manifests().remove(a, index.digest));
  ASSERT_TRUE(manifests().remove(a, two));
  const auto at = [](const Digest& digest) { return '@' + digest.hex().substr(0, 8); };
  EXPECT_THAT(h.changes(),
              ElementsAre("put a" + at(one), "set a:v1" + at(one), "set a:v2" + at(one), "put a" + at(two),
                          "set a:v1" + at(two), "untag a:v1" + at(two), "put a" + at(index.digest),
                          "untag a:v2" + at(one), "remove a" + at(index.digest), "remove a" + at(one),
                          "remove a" + at(two)));
}

TEST_P(ManifestsTest, AnAnnotationThatIsNoIdentityIsStoredAndNotFound) {
  h.put_image(a, "layer", {}, {{std::string(kIdentityAnnotation), "not JSON"}});
  EXPECT_EQ(h.count(Table::kIdentities), 0u);
}

}  // namespace
}  // namespace lamina::store
