// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/snapshots.h"
#include "controller/testing/snapshot_bed.h"

namespace lamina::controller {
namespace {

using kube::testing::Call;
using kube::testing::Verb;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::SnapshotBed;
using ::testing::StartsWith;

class SnapshotDeletion : public ::testing::Test {
 protected:
  SnapshotBed bed{SnapshotMode::kOwn};
  const std::string repository = SnapshotBed::repository_of("a");
};

TEST_F(SnapshotDeletion, TakesTheContentAlong) {
  const Content content = bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  bed.remove("s");
  ASSERT_TRUE(bed.find("s")) << "its finalizer keeps it";
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_FALSE(bed.find("s"));
  EXPECT_THAT(bed.content.removed(), ElementsAre(repository + "@" + content.manifest.digest.to_string()));
  EXPECT_THAT(bed.holds.held(), IsEmpty());
}

TEST_F(SnapshotDeletion, WithoutOurFinalizerIsNotOurs) {
  const Content content = bed.publish("s", "a", "1.0", "layer");
  ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                            R"({"metadata":{"finalizers":["somebody.else/here"]}})"));
  bed.remove("s");
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_TRUE(bed.find("s"));
  EXPECT_THAT(bed.content.removed(), IsEmpty());
}

TEST_F(SnapshotDeletion, LeavesTheFinalizersOfOthers) {
  bed.publish("s", "a", "1.0", "layer");
  ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                            R"({"metadata":{"finalizers":["a.b/c"]}})"));
  bed.look("s");
  EXPECT_THAT(bed.read("s").finalizers, ElementsAre("a.b/c", kSnapshotFinalizer));
  bed.remove("s");
  bed.look("s");
  EXPECT_THAT(bed.read("s").finalizers, ElementsAre("a.b/c"));
}

TEST_F(SnapshotDeletion, OfContentThatIsGoneIsNotHindered) {
  const Content content = bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  ASSERT_TRUE(bed.content.remove({.registry = "",
                                  .repository = RepositoryName::parse(repository).value(),
                                  .digest = content.manifest.digest}));
  bed.remove("s");
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_FALSE(bed.find("s"));
}

TEST_F(SnapshotDeletion, WaitsForTheRegistry) {
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  static_cast<void>(bed.sent_events());
  bed.remove("s");
  bed.content.fail_with(Trouble{
      .reason = Reason::kRegistryUnavailable, .message = "down", .retry_after = std::chrono::seconds(3)});
  const Outcome outcome = bed.look("s");
  EXPECT_TRUE(outcome.failed);
  EXPECT_EQ(outcome.after, std::chrono::seconds(3));
  ASSERT_TRUE(bed.find("s"));
  EXPECT_TRUE(bed.read("s").has_finalizer());
  EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Warning RegistryUnavailable: The deletion waits")));
  bed.content.fail_with(std::nullopt);
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_FALSE(bed.find("s"));
}

TEST_F(SnapshotDeletion, WaitsForTheHoldToGo) {
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  bed.remove("s");
  bed.holds.fail_with(Trouble{.reason = Reason::kRegistryUnavailable, .message = "down"});
  EXPECT_TRUE(bed.look("s").failed);
  EXPECT_TRUE(bed.find("s"));
  EXPECT_THAT(bed.content.removed(), IsEmpty()) << "the registry would only note it";
}

TEST_F(SnapshotDeletion, RepeatsWhereTheListOfFinalizersHasChanged) {
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  bed.remove("s");
  const auto stale = bed.cached("s");
  ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                            R"({"metadata":{"finalizers":["a.b/c","finalizers.snapshot.ocm.software"]}})"));
  EXPECT_TRUE(bed.snapshots.reconcile({"team-a", "s"}, &*stale, {}).failed);
  EXPECT_THAT(bed.read("s").finalizers, SizeIs(2));
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_THAT(bed.read("s").finalizers, ElementsAre("a.b/c"));
}

/// Snapshots that nobody has verified here: taken over from ocm-controller v1, or without luck so far.
TEST_F(SnapshotDeletion, OfWhatWasNotVerified) {
  struct Row {
    const char* what;
    std::function<void(SnapshotBed&)> change;
    bool failed;
    std::size_t removed;
  };
  const auto fails = [](Reason reason) {
    return [reason](SnapshotBed& given) {
      given.content.fail_looks_with(Trouble{.reason = reason, .message = "no"});
    };
  };
  const std::vector<Row> rows = {
      {"there", [](SnapshotBed&) {}, false, 1},
      {"not there", fails(Reason::kArtifactNotFound), false, 0},
      {"the tag is somebody else's",
       [](SnapshotBed& given) { given.content.put(given.repository_of("a"), "1.0", "other"); }, false, 0},
      {"no Snapshot's", fails(Reason::kUnsupportedArtifact), false, 0},
      {"damaged", fails(Reason::kContentCorrupted), false, 1},
      {"not allowed", [](SnapshotBed& given) { given.settings.tenancy = {}; }, false, 0},
      {"malformed", [](SnapshotBed& given) { given.write("s", "a", "1+2", "x"); }, false, 0},
      {"down", fails(Reason::kRegistryUnavailable), true, 0},
      {"401", fails(Reason::kAuthenticationFailed), true, 0},
      {"429", fails(Reason::kRegistryRateLimited), true, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    SnapshotBed fresh(SnapshotMode::kOwn);
    fresh.publish("s", "a", "1.0", "layer");
    ASSERT_TRUE(fresh.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                                R"({"metadata":{"finalizers":["finalizers.snapshot.ocm.software"]}})"));
    row.change(fresh);
    fresh.remove("s");
    EXPECT_EQ(fresh.look("s").failed, row.failed);
    EXPECT_EQ(fresh.find("s").has_value(), row.failed);
    EXPECT_THAT(fresh.content.removed(), SizeIs(row.removed));
  }
}

TEST_F(SnapshotDeletion, OfAnUnverifiedChangeTakesBothAlong) {
  const Content first = bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  const Content second = bed.publish("s", "b", "2.0", "new");
  bed.remove("s");
  bed.look("s");
  EXPECT_FALSE(bed.content.has(repository, first.manifest.digest));
  EXPECT_FALSE(bed.content.has(bed.repository_of("b"), second.manifest.digest));
}

TEST_F(SnapshotDeletion, OfAnExportLeavesTheContentToItsSource) {
  const Content content = bed.publish("s", "a", "1.0", "layer");
  ASSERT_TRUE(
      bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                    R"({"metadata":{"labels":{"app.kubernetes.io/managed-by":"lamina"},"ownerReferences":[
                            {"apiVersion":"lamina.dev/v1alpha1","kind":"OCIArtifact","name":"x","uid":"1",
                            "controller":true}]}})"));
  bed.look("s");
  bed.remove("s");
  bed.look("s");
  EXPECT_FALSE(bed.find("s"));
  EXPECT_TRUE(bed.content.has(repository, content.manifest.digest));
}

struct Sharing {
  const char* what;
  const char* tag;         // Of the second; the first has 1.0.
  const char* layer;       // Of the second; the first has `layer`.
  const char* media_type;  // Another one makes another manifest of the same layer.
  bool looked_at;          // The second, before the first is deleted.
  bool shared;
};

TEST_F(SnapshotDeletion, LeavesWhatAnotherNamesInBothOrders) {
  const char* const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
  const char* const other = "application/gzip";
  const std::vector<Sharing> rows = {
      {"all the same", "1.0", "layer", gzip, true, true},
      {"all the same, not verified", "1.0", "layer", gzip, false, true},
      {"another tag on the manifest", "2.0", "layer", gzip, true, true},
      {"another tag on the manifest, not verified", "2.0", "layer", gzip, false, true},
      {"another manifest of the layer", "2.0", "layer", other, true, false},
      {"another manifest of the layer, not verified", "2.0", "layer", other, false, true},
      {"other content", "2.0", "another", gzip, true, false},
  };
  for (const Sharing& row : rows) {
    for (const bool second_first : {false, true}) {
      SCOPED_TRACE(std::string(row.what) + (second_first ? ", the second goes first" : ""));
      SnapshotBed two(SnapshotMode::kOwn);
      std::map<std::string, Content> contents;
      contents["one"] = two.publish("one", "a", "1.0", "layer");
      two.look("one");
      contents["two"] = two.content.put(repository, row.tag, row.layer, row.media_type);
      two.write("two", "a", row.tag, Digest::of(row.layer).to_string());
      if (row.looked_at) two.look("two");
      const std::string gone = second_first ? "two" : "one";
      const std::string stays = second_first ? "one" : "two";

      two.remove(gone);
      two.look(gone);
      EXPECT_FALSE(two.find(gone)) << "the own hold and the object go in any case";
      EXPECT_TRUE(two.content.has(repository, contents[stays].manifest.digest)) << "nothing is broken";
      // One that was never looked at has no finalizer, and takes nothing along.
      const bool takes_along = gone == "one" || row.looked_at;
      const bool shared = row.shared && (gone == "one" || row.looked_at);
      EXPECT_EQ(two.content.has(repository, contents[gone].manifest.digest), shared || !takes_along);
      two.look(stays);
      EXPECT_EQ(two.condition(stays, condition::kReady), "True Succeeded");
      EXPECT_THAT(two.holds.held(), SizeIs(1));

      two.remove(stays);
      two.look(stays);
      EXPECT_FALSE(two.find(stays));
      EXPECT_FALSE(two.content.has(repository, contents[stays].manifest.digest)) << "goes with the last";
      EXPECT_THAT(two.holds.held(), IsEmpty());
    }
  }
}

TEST_F(SnapshotDeletion, OfBothAtOnceLeavesNothing) {
  const Content content = bed.publish("one", "a", "1.0", "layer");
  bed.publish("two", "a", "1.0", "layer");
  bed.look("one");
  bed.look("two");
  bed.remove("one");
  bed.remove("two");
  bed.look("one");
  bed.look("two");
  EXPECT_FALSE(bed.find("one"));
  EXPECT_FALSE(bed.find("two"));
  EXPECT_FALSE(bed.content.has(repository, content.manifest.digest));
}

}  // namespace
}  // namespace lamina::controller
