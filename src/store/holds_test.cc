// SPDX-License-Identifier: Apache-2.0
#include "store/holds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/keys.h"
#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const Scope kScope{"cluster-1", "lamina.dev", "OCIArtifact"};

class HoldsTest : public testing::TestWithParam<Others> {
 protected:
  ~HoldsTest() override { EXPECT_EQ(h.audit(), ""); }

  Holds& holds() { return h.store->holds(); }
  Manifests& manifests() { return h.store->manifests(); }
  bool has(const Digest& digest) { return manifests().get(a, digest).has_value(); }
  bool has_tag(std::string_view name) { return manifests().get(a, tag(name)).has_value(); }

  HoldsUpdate update(std::vector<HoldsUpdate::Entry> entries, bool complete = false) {
    HoldsUpdate made;
    made.scope = kScope;
    made.generation = generation;
    made.holders = std::move(entries);
    made.complete = complete;
    return made;
  }
  HoldsUpdate::Entry entry(std::string name, const std::vector<Digest>& digests) {
    HoldsUpdate::Entry made{"ns", std::move(name), "uid", {}};
    for (const Digest& digest : digests) made.holds.push_back({a, digest});
    return made;
  }
  HoldsOutcome set(const HoldsUpdate& given) {
    const auto outcome = holds().set(given);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome.value_or(HoldsOutcome{});
  }
  HoldsOutcome hold(std::string name, const std::vector<Digest>& digests) {
    return set(update({entry(std::move(name), digests)}));
  }
  /// A complete list, begun after all that was before.
  HoldsOutcome sync(std::vector<HoldsUpdate::Entry> entries) {
    h.clock.advance(1s);
    HoldsUpdate whole = update(std::move(entries), true);
    whole.listed_ago = 0s;
    return set(whole);
  }
  /// The names of the objects that hold a manifest.
  std::vector<std::string> holders(const Digest& digest) {
    const auto page = holds().of({a, digest}, {}, 100);
    std::vector<std::string> names;
    if (page) {
      for (const auto& each : page->entries) names.push_back(each.holder.name);
    }
    return names;
  }
  Digest publish(std::string_view layer, std::optional<std::chrono::seconds> ttl,
                 std::optional<OwnerRecord> owner = {}, std::vector<Tag> tags = {}) {
    h.push(a, "{}");
    h.push(a, layer);
    ManifestPut put = h.image(layer, std::move(tags));
    put.ttl = ttl;
    put.owner = std::move(owner);
    EXPECT_TRUE(manifests().put(a, put));
    return put.digest;
  }
  static OwnerRecord owner(std::string name) { return {{kScope, "ns", std::move(name)}, "uid", false}; }
  void collect() {
    const auto removed = manifests().remove_expired();
    EXPECT_TRUE(removed) << removed.error().message;
  }

  Harness h{Harness::small(), GetParam()};
  RepositoryName a = repo("a");
  std::uint64_t generation = 1;
};

LAMINA_ALONE_AND_AMONG_OTHERS(HoldsTest);

TEST_P(HoldsTest, ASetIsReplaced) {
  const Digest x = h.put_image(a, "x", {}), y = h.put_image(a, "y", {});
  EXPECT_EQ(hold("one", {x, x}).held, 1u) << "each once";
  EXPECT_EQ(hold("two", {x, y}).held, 2u);
  EXPECT_THAT(holders(x), ElementsAre("one", "two"));
  const HoldsOutcome moved = hold("one", {y});
  EXPECT_EQ(moved.held, 1u);
  EXPECT_EQ(moved.released, 1u);
  EXPECT_THAT(holders(x), ElementsAre("two"));
  EXPECT_THAT(holders(y), ElementsAre("one", "two"));
  EXPECT_EQ(hold("two", {}).released, 2u);
  EXPECT_THAT(holders(x), IsEmpty());
  EXPECT_EQ(h.count(Table::kHolds), 1u);
  h.restart(true);
  EXPECT_THAT(holders(y), ElementsAre("one"));
}

TEST_P(HoldsTest, WhatIsTheSameIsNotWritten) {
  const Digest x = h.put_image(a, "x", {});
  std::vector<HoldsUpdate::Entry> many;
  for (int i = 0; i < 40; ++i) many.push_back(entry("o" + std::to_string(i), {x}));
  EXPECT_EQ(set(update(many)).held, 40u);
  int commits = 0;
  h.meta.after_commit([&](const meta::Batch&) -> std::optional<Error> {
    ++commits;
    return std::nullopt;
  });
  EXPECT_EQ(set(update(many)).held, 0u);
  hold("o7", {x});
  hold("unknown", {});
  EXPECT_EQ(commits, 0);
  sync(many);
  EXPECT_EQ(commits, 1) << "the time of the list alone";
  h.meta.after_commit({});
}

TEST_P(HoldsTest, OneObjectIsOneCommit) {
  const Digest x = h.put_image(a, "x", {});
  hold("first", {x});
  int commits = 0;
  h.meta.after_commit([&](const meta::Batch& batch) -> std::optional<Error> {
    EXPECT_EQ(batch.durability, meta::Durability::kPowerLoss);
    ++commits;
    return std::nullopt;
  });
  hold("second", {x});
  EXPECT_EQ(commits, 1);
  h.meta.after_commit({});
}

TEST_P(HoldsTest, AHoldOnWhatIsNotStoredIsReported) {
  const Digest x = h.put_image(a, "x", {});
  const Digest absent = Digest::of("not stored");
  for (int times = 0; times < 2; ++times) {
    EXPECT_THAT(hold("one", {absent, x}).missing, ElementsAre(HeldManifest{a, absent}));
    EXPECT_THAT(holders(x), ElementsAre("one"));
  }
  EXPECT_THAT(sync({entry("one", {absent, x}), entry("two", {absent})}).missing,
              ElementsAre(HeldManifest{a, absent}));
  EXPECT_EQ(h.count(Table::kHolds), 1u) << "who holds nothing that is there is not recorded";
}

TEST_P(HoldsTest, ARestoredRegistryTellsWhatItLacks) {
  const Digest x = h.put_image(a, "x", {});
  const HoldsUpdate whole = update({entry("one", {x})}, true);
  ASSERT_EQ(set(whole).held, 1u);
  Harness restored;  // From a copy of before the publish.
  EXPECT_THAT(restored.store->holds().set(whole)->missing, ElementsAre(HeldManifest{a, x}));
  restored.put_image(a, "x", {});
  EXPECT_EQ(restored.store->holds().set(whole)->held, 1u) << "published again, the next list holds it";
  EXPECT_EQ(restored.audit(), "");
}

TEST_P(HoldsTest, MalformedUpdatesAreRefused) {
  const Digest x = h.put_image(a, "x", {});
  const auto code = [&](const HoldsUpdate& given) { return holds().set(given).error().code; };
  EXPECT_EQ(code(update({entry("one", {x}), entry("one", {})})), Code::kInvalid) << "twice";
  EXPECT_EQ(code(update({entry("", {x})})), Code::kInvalid);
  EXPECT_EQ(code(update({entry("a/b", {x})})), Code::kInvalid);
  EXPECT_EQ(code(update({entry(std::string("a\0b", 3), {x})})), Code::kInvalid);
  EXPECT_EQ(code(update({entry(std::string(254, 'a'), {x})})), Code::kInvalid);
  HoldsUpdate long_uid = update({entry("one", {x})});
  long_uid.holders[0].uid = std::string(254, 'u');
  EXPECT_EQ(code(long_uid), Code::kInvalid);
  HoldsUpdate no_cluster = update({});
  no_cluster.scope.cluster.clear();
  EXPECT_EQ(code(no_cluster), Code::kInvalid);
  EXPECT_EQ(h.count(Table::kHolds), 0u);
}

TEST_P(HoldsTest, ALeaderOfAnEarlierGenerationIsRefused) {
  const Digest x = h.put_image(a, "x", {});
  generation = 7;
  hold("one", {x});
  for (const bool complete : {false, true}) {
    HoldsUpdate late = update({}, complete);
    late.generation = 6;
    const auto refused = holds().set(late);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kConflict);
    EXPECT_THAT(refused.error().message,
                HasSubstr("generation 6 of OCIArtifact in cluster cluster-1 is over"));
  }
  EXPECT_THAT(holders(x), ElementsAre("one"));
  HoldsUpdate other = update({});
  other.scope.kind = "Snapshot";
  other.generation = 1;
  EXPECT_TRUE(holds().set(other)) << "another kind has another leader";
}

TEST_P(HoldsTest, ANewLeaderThatComesBetweenIsSeen) {
  const Digest x = h.put_image(a, "x", {});
  hold("one", {x});
  h.before_next_commit([&] {
    HoldsUpdate next = update({});
    next.generation = 2;
    EXPECT_TRUE(h.store->holds().set(next));
  });
  EXPECT_EQ(holds().set(update({entry("one", {})})).error().code, Code::kConflict);
  h.meta.before_commit({});
  EXPECT_THAT(holders(x), ElementsAre("one"));
}

// ---- Complete lists ---------------------------------------------------------------------------------

TEST_P(HoldsTest, ACompleteListReleasesWhoeverIsNotOnIt) {
  const Digest x = h.put_image(a, "x", {});
  hold("one", {x});
  hold("two", {x});
  HoldsUpdate other = update({entry("one", {x})});
  other.scope.cluster = "cluster-2";
  ASSERT_TRUE(holds().set(other));
  const HoldsOutcome outcome = sync({entry("two", {x})});
  EXPECT_EQ(outcome.released, 1u);
  EXPECT_EQ(outcome.in_doubt, 0u);
  EXPECT_THAT(holders(x), ElementsAre("two", "one")) << "the one of the other cluster";
}

TEST_P(HoldsTest, AnEmptyClusterReleasesNothing) {
  const Digest x = h.put_image(a, "x", {});
  std::vector<HoldsUpdate::Entry> many;
  for (int i = 0; i < 30; ++i) many.push_back(entry("o" + std::to_string(i), {x}));
  ASSERT_EQ(set(update(many)).held, 30u);
  const HoldsOutcome empty = sync({});
  EXPECT_EQ(empty.in_doubt, 30u);
  EXPECT_EQ(empty.released, 0u);
  EXPECT_EQ(holders(x).size(), 30u);

  const Digest y = h.put_image(a, "y", {});
  const HoldsOutcome replaced = sync({entry("new", {y})});
  EXPECT_EQ(replaced.in_doubt, 30u);
  EXPECT_THAT(holders(y), ElementsAre("new")) << "what is asserted counts all the same";

  many.resize(10);
  many.push_back(entry("new", {y}));
  const HoldsOutcome twenty = sync(many);
  EXPECT_EQ(twenty.in_doubt, 0u) << "up to twenty are believed";
  EXPECT_EQ(twenty.released, 20u);
}

TEST_P(HoldsTest, ATenthOfManyMayGo) {
  const Digest x = h.put_image(a, "x", {});
  std::vector<HoldsUpdate::Entry> many;
  for (int i = 0; i < 300; ++i) many.push_back(entry("o" + std::to_string(i), {x}));
  ASSERT_EQ(set(update(many)).held, 300u);
  std::vector<HoldsUpdate::Entry> less(many.begin(), many.begin() + 269);
  EXPECT_EQ(sync(less).in_doubt, 31u);
  less.push_back(many.back());
  EXPECT_EQ(sync(less).released, 30u);
  EXPECT_EQ(holders(x).size(), 100u) << "a page";
  EXPECT_EQ(h.count(Table::kHolds), 270u);
}

TEST_P(HoldsTest, AnObjectThatIsNewSinceTheListBeganIsSpared) {
  const Digest x = h.put_image(a, "x", {});
  hold("old", {x});
  h.clock.advance(60s);
  hold("new", {x});
  h.clock.advance(5s);
  HoldsUpdate whole = update({}, true);
  whole.listed_ago = 10s;
  EXPECT_EQ(set(whole).released, 1u);
  EXPECT_THAT(holders(x), ElementsAre("new"));
}

TEST_P(HoldsTest, AnObjectThatHoldsAnewWhileItIsReleasedIsSpared) {
  const Digest x = h.put_image(a, "x", {}), y = h.put_image(a, "y", {});
  hold("one", {x});
  bool done = false;
  h.meta.before_commit([&](const meta::Batch& batch) -> std::optional<Result<meta::Outcome>> {
    const bool releases = std::ranges::any_of(
        batch.writes, [](const auto& each) { return each.table == Table::kHolds && !each.value; });
    if (releases && !std::exchange(done, true)) hold("one", {y});
    return std::nullopt;
  });
  EXPECT_EQ(sync({}).released, 0u);
  h.meta.before_commit({});
  EXPECT_TRUE(done);
  EXPECT_THAT(holders(y), ElementsAre("one"));
}

// ---- Expiry -----------------------------------------------------------------------------------------

TEST_P(HoldsTest, WhatIsHeldDoesNotExpire) {
  const Digest x = publish("x", 60s, {}, {tag("v1")});
  hold("one", {x});
  h.clock.advance(2h);
  collect();
  EXPECT_TRUE(has_tag("v1"));
  EXPECT_EQ(h.count(Table::kExpiries), 0u) << "it is not looked at again and again";
  hold("one", {});
  h.clock.advance(24h - 1s);
  collect();
  EXPECT_TRUE(has_tag("v1")) << "the grace";
  h.clock.advance(1s);
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, TheLastHoldCounts) {
  const Digest x = publish("x", 60s);
  hold("one", {x});
  hold("two", {x});
  hold("one", {});
  h.clock.advance(48h);
  collect();
  EXPECT_TRUE(has(x));
  hold("two", {});
  collect();
  EXPECT_TRUE(has(x)) << "the grace counts from the last";
  h.clock.advance(24h);
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, ContentWithoutExpiryStaysWhenItIsReleased) {
  const Digest x = publish("x", {});
  hold("one", {x});
  hold("one", {});
  h.clock.advance(24h * 365);
  collect();
  EXPECT_TRUE(has(x));
}

TEST_P(HoldsTest, AHoldThatComesWhileTheManifestExpiresKeepsIt) {
  const Digest x = publish("x", 60s, {}, {tag("v1")});
  h.clock.advance(60s);
  h.before_next_commit([&] { EXPECT_EQ(hold("one", {x}).held, 1u); });
  collect();
  h.meta.before_commit({});
  EXPECT_TRUE(has_tag("v1"));
  EXPECT_THAT(holders(x), ElementsAre("one"));
}

TEST_P(HoldsTest, AManifestThatExpiresWhileItIsToBeHeldIsMissing) {
  const Digest x = publish("x", 60s);
  h.clock.advance(60s);
  h.before_next_commit([&] { collect(); });
  EXPECT_THAT(hold("one", {x}).missing, ElementsAre(HeldManifest{a, x}));
  h.meta.before_commit({});
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, AReleaseWhileTheExpiryIsLookedAtIsNotForgotten) {
  h.options.released_grace = 0s;
  h.restart(false);
  const Digest x = publish("x", 60s);
  hold("one", {x});
  h.clock.advance(60s);
  // The collector has seen the hold, and is about to take away the entry that the release writes again.
  h.before_next_commit([&] { hold("one", {}); });
  collect();
  h.meta.before_commit({});
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, AnIndexThatIsHeldHoldsItsChildren) {
  const Digest child = h.put_image(a, "x", {});
  ManifestPut index = h.index({manifests().get(a, child).value()}, {});
  index.ttl = 60s;
  ASSERT_TRUE(manifests().put(a, index));
  hold("one", {index.digest});
  EXPECT_EQ(manifests().remove(a, child).value(), Removal::kIndexed);
  h.clock.advance(48h);
  collect();
  EXPECT_TRUE(has(child));
  hold("one", {});
  h.clock.advance(24h);
  collect();
  EXPECT_FALSE(has(index.digest));
  EXPECT_FALSE(has(child));
}

// ---- Owners -----------------------------------------------------------------------------------------

TEST_P(HoldsTest, OwnedContentWaitsForItsController) {
  const Digest x = publish("x", 3600s, owner("one"));
  h.clock.advance(2h);  // The controller is down.
  collect();
  EXPECT_TRUE(has(x));
  hold("one", {x});
  sync({entry("one", {x})});
  h.clock.advance(48h);
  collect();
  EXPECT_TRUE(has(x));
  hold("one", {});
  h.clock.advance(24h);
  collect();
  EXPECT_FALSE(has(x)) << "its owner has let it go: no further list is needed";
}

TEST_P(HoldsTest, OwnedContentThatNobodyHoldsGoesAfterAListThatBeganAfterItsExpiry) {
  const Digest x = publish("x", 3600s, owner("one"));
  sync({});
  h.clock.advance(3601s);
  collect();
  EXPECT_TRUE(has(x)) << "the list was before";
  HoldsUpdate late = update({}, true);
  late.listed_ago = 10s;
  set(late);
  collect();
  EXPECT_TRUE(has(x)) << "begun before the expiry";
  HoldsUpdate other = update({}, true);
  other.scope.kind = "Snapshot";
  other.listed_ago = 0s;
  set(other);
  collect();
  EXPECT_TRUE(has(x)) << "of another kind";
  sync({});
  collect();
  EXPECT_FALSE(has(x));
  EXPECT_EQ(h.count(Table::kOwners), 0u);
}

TEST_P(HoldsTest, AListOfUnknownAgeBeganAfterTheOneBefore) {
  const Digest x = publish("x", 3600s, owner("one"));
  h.clock.advance(2h);
  set(update({}, true));
  collect();
  EXPECT_TRUE(has(x));
  h.clock.advance(1s);
  generation = 2;
  set(update({}, true));
  collect();
  EXPECT_TRUE(has(x)) << "of another leader, which may have begun before";
  h.clock.advance(1s);
  set(update({}, true));
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, AListInDoubtLetsNothingExpire) {
  const Digest kept = h.put_image(a, "kept", {});
  std::vector<HoldsUpdate::Entry> many;
  for (int i = 0; i < 30; ++i) many.push_back(entry("o" + std::to_string(i), {kept}));
  ASSERT_EQ(set(update(many)).held, 30u);
  const Digest x = publish("x", 3600s, owner("one"));
  h.clock.advance(2h);
  EXPECT_EQ(sync({}).in_doubt, 30u);
  collect();
  EXPECT_TRUE(has(x));
  sync(many);
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, AnotherObjectsReleaseLeavesTheOwnersClaim) {
  const Digest x = publish("x", 3600s, owner("one"));
  hold("two", {x});
  hold("two", {});
  h.clock.advance(48h);
  collect();
  EXPECT_TRUE(has(x));
  sync({});
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, APublishWithoutOwnerTakesItAway) {
  const Digest x = publish("x", 60s, owner("one"));
  publish("x", 60s);
  EXPECT_EQ(h.count(Table::kOwners), 0u);
  h.clock.advance(60s);
  collect();
  EXPECT_FALSE(has(x));
  publish("x", 60s, owner("one"));
  publish("x", {});
  EXPECT_EQ(h.count(Table::kOwners), 0u);
  publish("x", 60s);
  publish("x", 60s, owner("one"));
  h.clock.advance(60s);
  collect();
  EXPECT_TRUE(has(x)) << "it has an owner again";
  sync({});
}

// ---- Removal ----------------------------------------------------------------------------------------

TEST_P(HoldsTest, ADeletedManifestGoesWithTheLastHold) {
  const Digest x = h.put_image(a, "x", {tag("v1")});
  hold("one", {x});
  hold("two", {x});
  EXPECT_EQ(manifests().remove(a, x).value(), Removal::kHeld);
  EXPECT_FALSE(has_tag("v1")) << "its tags go at once";
  EXPECT_EQ(manifests().remove(a, x).value(), Removal::kHeld) << "again";
  hold("one", {});
  collect();
  EXPECT_TRUE(has(x));
  hold("two", {});
  collect();
  EXPECT_FALSE(has(x));
}

TEST_P(HoldsTest, TwoHoldersDeleteTheSameManifestInBothOrders) {
  for (const auto& [first, second] : {std::pair("one", "two"), std::pair("two", "one")}) {
    const Digest x = h.put_image(a, "x", {tag("v1")});
    hold("one", {x});
    hold("two", {x});
    for (const std::string name : {first, second}) {
      EXPECT_EQ(manifests().remove(a, x).value(), Removal::kHeld) << "as a finalizer does";
      hold(name, {});
    }
    collect();
    EXPECT_FALSE(has(x));
  }
}

TEST_P(HoldsTest, AReleaseWhileTheManifestIsDeletedIsNotForgotten) {
  const Digest x = h.put_image(a, "x", {});
  hold("one", {x});
  h.before_next_commit([&] { hold("one", {}); });
  EXPECT_EQ(manifests().remove(a, x).value(), Removal::kRemoved);
  EXPECT_FALSE(has(x));

  const Digest y = h.put_image(a, "y", {});
  hold("one", {y});
  h.before_next_commit([&] { EXPECT_EQ(manifests().remove(a, y).value(), Removal::kHeld); });
  hold("one", {});
  h.meta.before_commit({});
  collect();
  EXPECT_FALSE(has(y));
}

TEST_P(HoldsTest, AManifestIsHeldWhileItIsDeleted) {
  const Digest x = h.put_image(a, "x", {tag("v1")});
  h.before_next_commit([&] { EXPECT_EQ(hold("one", {x}).held, 1u); });
  EXPECT_EQ(manifests().remove(a, x).value(), Removal::kHeld);
  h.meta.before_commit({});
  EXPECT_TRUE(has(x));
  hold("one", {});
  collect();
}

TEST_P(HoldsTest, PushedAgainADeletedManifestStays) {
  const Digest x = h.put_image(a, "x", {});
  hold("one", {x});
  ASSERT_TRUE(manifests().remove(a, x));
  h.put_image(a, "x", {tag("v1")});
  hold("one", {});
  collect();
  EXPECT_TRUE(has_tag("v1"));
}

TEST_P(HoldsTest, WhereHoldsDoNotCountTheyEnd) {
  const Digest x = h.put_image(a, "x", {}), y = h.put_image(a, "y", {});
  hold("one", {x, y});
  hold("two", {x});
  EXPECT_EQ(manifests().remove(a, x, HoldsCount::kNo).value(), Removal::kRemoved);
  EXPECT_FALSE(has(x));
  EXPECT_THAT(holders(y), ElementsAre("one"));
  EXPECT_THAT(hold("one", {x, y}).missing, ElementsAre(HeldManifest{a, x}));
  const ManifestPut index = h.index({manifests().get(a, y).value()}, {});
  ASSERT_TRUE(manifests().put(a, index));
  EXPECT_EQ(manifests().remove(a, y, HoldsCount::kNo).value(), Removal::kIndexed)
      << "an index never names what is not there";
}

// ---- Operators --------------------------------------------------------------------------------------

TEST_P(HoldsTest, ObjectsOfOneClusterBecomeThoseOfAnother) {
  const Digest x = h.put_image(a, "x", {}), y = h.put_image(a, "y", {}),
               z = publish("z", 60s, owner("three"));
  hold("one", {x});
  hold("two", {x});
  HoldsUpdate there = update({entry("two", {y})});
  there.scope.cluster = "cluster-2";
  ASSERT_TRUE(holds().set(there));
  EXPECT_EQ(holds().adopt("cluster-1", "cluster-2").value(), 2u);
  EXPECT_EQ(holds().adopt("cluster-1", "cluster-2").value(), 0u);
  const auto page = holds().list({}, {}, 10).value();
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(to_string(page.entries[0].holder), "cluster-2/lamina.dev/OCIArtifact/ns/one");
  EXPECT_THAT(page.entries[1].record.holds,
              testing::UnorderedElementsAre(HeldManifest{a, x}, HeldManifest{a, y}));

  h.clock.advance(2h);
  HoldsUpdate list = update({entry("one", {x}), entry("two", {x})}, true);
  list.scope.cluster = "cluster-2";
  list.listed_ago = 0s;
  set(list);
  collect();
  EXPECT_FALSE(has(z)) << "its owner has moved too";
  EXPECT_EQ(holds().adopt("cluster-2", "cluster-2").error().code, Code::kInvalid);
}

TEST_P(HoldsTest, ObjectsMoveInMoreThanOneCommit) {
  const Digest x = h.put_image(a, "x", {});
  std::vector<HoldsUpdate::Entry> many;
  for (int i = 0; i < 600; ++i) many.push_back(entry("o" + std::to_string(i), {x}));
  set(update(many));
  EXPECT_EQ(holds().adopt("cluster-1", "cluster-2").value(), 600u);
  EXPECT_EQ(holds().release({.cluster = "cluster-2", .group = {}, .kind = {}}).value(), 600u);
  EXPECT_EQ(h.count(Table::kHeld), 0u);
}

TEST_P(HoldsTest, AClusterThatIsGoneIsReleased) {
  const Digest x = publish("x", 60s), y = publish("y", 60s, owner("one"));
  hold("one", {x});
  HoldsUpdate other = update({entry("two", {x})});
  other.scope.kind = "Snapshot";
  ASSERT_TRUE(holds().set(other));
  EXPECT_EQ(holds().release({.cluster = "cluster-1", .group = {}, .kind = "Snapshot"}).value(), 1u);
  EXPECT_THAT(holders(x), ElementsAre("one"));
  h.clock.advance(60s);
  collect();
  EXPECT_TRUE(has(y));
  EXPECT_EQ(holds().release({.cluster = "cluster-1", .group = {}, .kind = {}}).value(), 1u);
  collect();
  EXPECT_FALSE(has(y)) << "what it owned waits for no list any more";
  EXPECT_TRUE(has(x));
  h.clock.advance(24h);
  collect();
  EXPECT_FALSE(has(x));
  EXPECT_EQ(holds().release({}).error().code, Code::kInvalid);
}

TEST_P(HoldsTest, ListsComeInPages) {
  const Digest x = h.put_image(a, "x", {});
  for (const std::string cluster : {"c1", "c2"}) {
    for (const std::string kind : {"A", "B"}) {
      HoldsUpdate given = update({entry("one", {x}), entry("two", {x})});
      given.scope = {cluster, "g", kind};
      ASSERT_TRUE(holds().set(given));
    }
  }
  const auto names = [&](const HolderFilter& filter, std::size_t limit) {
    std::vector<std::string> all;
    std::optional<Holder> last;
    for (bool more = true; more;) {
      const auto page = holds().list(filter, last, limit).value();
      for (const auto& each : page.entries) all.push_back(to_string(each.holder));
      more = page.more;
      if (more) last = page.entries.back().holder;
    }
    return all;
  };
  for (const std::size_t limit : {1u, 3u, 100u}) {
    EXPECT_EQ(names({}, limit).size(), 8u);
    EXPECT_THAT(names({.cluster = "c2", .group = {}, .kind = "B"}, limit),
                ElementsAre("c2/g/B/ns/one", "c2/g/B/ns/two"));
    EXPECT_EQ(names({.cluster = {}, .group = {}, .kind = "A"}, limit).size(), 4u);
  }
  const auto first = holds().of({a, x}, {}, 3).value();
  EXPECT_TRUE(first.more);
  const auto rest = holds().of({a, x}, first.entries.back().holder, 10).value();
  EXPECT_EQ(rest.entries.size(), 5u);
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(holds().of({a, Digest::of("absent")}, {}, 3).error().about, About::kManifest);
}

TEST_P(HoldsTest, OrphansAreWhatExpiresAndNobodyHolds) {
  publish("stays", {});
  const Digest held = publish("held", 60s);
  hold("one", {held});
  const Digest owned = publish("owned", 60s, owner("two"), {tag("v1"), tag("v2")});
  const Digest plain = publish("plain", 60s);
  const auto everywhere = [](const RepositoryName&) { return true; };
  std::vector<Orphan> all;
  std::optional<HeldManifest> last;
  do {
    const auto page = holds().orphans(last, 1, everywhere).value();
    all.insert(all.end(), page.entries.begin(), page.entries.end());
    last = page.next;
  } while (last);
  ASSERT_EQ(all.size(), 2u);
  for (const Orphan& orphan : all) {
    EXPECT_EQ(orphan.expires, h.clock.now() + 60s);
    if (orphan.digest == owned) {
      EXPECT_EQ(orphan.owner->owner.name, "two");
      EXPECT_THAT(orphan.tags, ElementsAre("v1", "v2"));
    } else {
      EXPECT_EQ(orphan.digest, plain);
      EXPECT_FALSE(orphan.owner);
    }
  }
  EXPECT_THAT(holds().orphans({}, 10, [](const RepositoryName&) { return false; })->entries, IsEmpty());
}

TEST_P(HoldsTest, TheAuditSeesWhatDiffers) {
  const Digest x = h.put_image(a, "x", {});
  hold("one", {x});
  const std::string holder = keys::holder({kScope, "ns", "one"});
  const auto with = [&](Table table, const std::string& key, std::optional<std::string> value) {
    const auto before = h.meta.get(table, key).value();
    EXPECT_TRUE(h.meta.commit({.writes = {{table, key, std::move(value)}}}));
    const std::string found = h.audit();
    EXPECT_TRUE(h.meta.commit({.writes = {{table, key, before}}}));
    return found;
  };
  EXPECT_THAT(with(Table::kHeld, keys::held({a, x}, holder), {}), HasSubstr("not known to the manifest"));
  EXPECT_THAT(with(Table::kHolds, holder, {}), HasSubstr("does not hold it"));
  EXPECT_THAT(with(Table::kManifests, keys::in(a, x), {}), HasSubstr("which is not there"));
  EXPECT_THAT(with(Table::kOwners, keys::in(a, x), encode(owner("one"))), HasSubstr("does not expire"));
}

}  // namespace
}  // namespace lamina::store
