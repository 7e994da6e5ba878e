// SPDX-License-Identifier: Apache-2.0
#include "controller/snapshots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/testing/snapshot_bed.h"

namespace lamina::controller {
namespace {

using kube::testing::Call;
using kube::testing::Verb;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using testing::SnapshotBed;
using ::testing::StartsWith;

constexpr std::string_view kReady = condition::kReady;
constexpr std::string_view kContentVerified = condition::kContentVerified;

std::string held(const std::string& component, const Content& content) {
  return SnapshotBed::repository_of(component) + "@" + content.manifest.digest.to_string();
}

TEST(OwnSnapshots, AreReadyOnceTheContentWasSeen) {
  SnapshotBed bed(SnapshotMode::kOwn);
  const Content content = bed.publish("s", "a", "1.0", "layer");
  bed.api.forget_calls();
  const Outcome outcome = bed.look("s");
  EXPECT_FALSE(outcome.failed) << outcome.log;
  EXPECT_EQ(outcome.after, std::chrono::hours(1));
  EXPECT_EQ(outcome.written, bed.find("s")->resource_version);
  EXPECT_THAT(bed.writes(), SizeIs(2)) << "finalizer and annotation; status";

  const Snapshot snapshot = bed.read("s");
  EXPECT_EQ(bed.condition("s", kReady), "True Succeeded");
  EXPECT_EQ(snapshot.status.conditions.front().message, "Snapshot with name 's' is ready");
  EXPECT_THAT(snapshot.status.conditions, SizeIs(1));
  EXPECT_EQ(snapshot.status.observed_generation, bed.find("s")->generation);
  EXPECT_EQ(snapshot.status.digest, Digest::of("layer").to_string());
  EXPECT_EQ(snapshot.status.tag, "1.0");
  EXPECT_EQ(snapshot.status.repository_url, "http://registry.test:5000/" + SnapshotBed::repository_of("a"));
  EXPECT_TRUE(snapshot.has_finalizer());
  EXPECT_THAT(bed.holds.held(), ElementsAre(Pair("Snapshot team-a/s", ElementsAre(held("a", content)))));
  const auto by_state = bed.snapshots.held_by(*bed.cached("s"));
  ASSERT_TRUE(by_state);
  ASSERT_THAT(*by_state, SizeIs(1));
  EXPECT_EQ(by_state->front().digest, content.manifest.digest) << "by the object alone";
  EXPECT_THAT(bed.sent_events(),
              ElementsAre("Normal Succeeded: Reconciliation finished, next run in 1h0m0s"));
}

TEST(OwnSnapshots, AnEventCarriesTheDigest) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  bed.events.emplace(bed.api, bed.clock, bed.random, "x");
  const auto events = bed.api.all(SnapshotBed::event_type());
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_THAT(events.front().json,
              HasSubstr(R"("delivery.ocm.software/snapshot_digest":")" + Digest::of("layer").to_string()));
}

TEST(OwnSnapshots, WriteNothingWhereNothingChanged) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  bed.api.forget_calls();
  static_cast<void>(bed.sent_events());
  const std::size_t looks = bed.content.looks();
  bed.clock.advance(std::chrono::hours(1));
  bed.look("s");
  EXPECT_EQ(bed.content.looks(), looks + 1) << "read again";
  EXPECT_THAT(bed.writes(), IsEmpty());
  EXPECT_THAT(bed.sent_events(), IsEmpty());
}

TEST(OwnSnapshots, AreReadAgainOnlyWhenItIsTimeOrSomethingSpeaksAgainstThem) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  const std::size_t looks = bed.content.looks();
  Snapshots restarted(bed.context, bed.exporter);
  const kube::ObjectKey key{"team-a", "s"};
  const auto reconcile = [&] {
    const auto object = bed.cached("s");
    return restarted.reconcile(key, &*object, {});
  };
  const Outcome outcome = reconcile();
  EXPECT_GT(outcome.after.count(), 0);
  EXPECT_LE(outcome.after, std::chrono::hours(1));
  EXPECT_THAT(outcome.concerns, SizeIs(2));
  reconcile();
  EXPECT_EQ(bed.content.looks(), looks);

  bed.clock.advance(std::chrono::duration_cast<std::chrono::seconds>(outcome.after));
  reconcile();
  EXPECT_EQ(bed.content.looks(), looks + 1) << "its time has come";
  restarted.distrust(key);
  reconcile();
  EXPECT_EQ(bed.content.looks(), looks + 2);
  ASSERT_TRUE(bed.api.patch(snapshot_type(), key, kube::PatchType::kMerge,
                            R"({"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":"now"}}})"));
  reconcile();
  EXPECT_EQ(bed.content.looks(), looks + 3) << "somebody asks";
  restarted.distrust_tags();
  reconcile();
  EXPECT_EQ(bed.content.looks(), looks + 3) << "the tag names the same";
  bed.content.put(bed.repository_of("a"), "1.0", "other");
  restarted.distrust_tags();
  reconcile();
  EXPECT_EQ(bed.content.looks(), looks + 4) << "the tag has moved";
  EXPECT_EQ(bed.condition("s", kReady), "False DigestMismatch");
}

TEST(OwnSnapshots, SayWhyTheyAreNotReady) {
  struct Row {
    const char* what;
    std::function<void(SnapshotBed&)> change;
    const char* reason;
    bool stalled;
  };
  const auto fails = [](Reason reason) {
    return [reason](SnapshotBed& bed) {
      bed.content.fail_with(
          Trouble{.reason = reason, .message = "no", .retry_after = std::chrono::seconds(7)});
    };
  };
  const std::string digest = Digest::of("layer").to_string();
  const std::vector<Row> rows = {
      {"nothing there", [&](SnapshotBed& bed) { bed.write("s", "a", "2.0", digest); }, "ArtifactNotFound",
       false},
      {"other bytes", [&](SnapshotBed& bed) { bed.content.put(bed.repository_of("a"), "1.0", "other"); },
       "DigestMismatch", false},
      {"bad tag", [&](SnapshotBed& bed) { bed.write("s", "a", "1.0+build", digest); }, "InvalidSpec", true},
      {"bad digest", [&](SnapshotBed& bed) { bed.write("s", "a", "1.0", "sha256:1"); }, "InvalidSpec", true},
      {"not allowed", [](SnapshotBed& bed) { bed.settings.tenancy = {}; }, "AccessDenied", true},
      {"damaged", fails(Reason::kContentCorrupted), "ContentCorrupted", false},
      {"two layers", fails(Reason::kUnsupportedArtifact), "UnsupportedArtifact", true},
      {"401", fails(Reason::kAuthenticationFailed), "AuthenticationFailed", false},
      {"429", fails(Reason::kRegistryRateLimited), "RegistryRateLimited", false},
      {"down", fails(Reason::kRegistryUnavailable), "RegistryUnavailable", false},
      {"not held",
       [](SnapshotBed& bed) {
         bed.holds.fail_with(Trouble{.reason = Reason::kRegistryUnavailable, .message = "no"});
       },
       "RegistryUnavailable", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    SnapshotBed bed(SnapshotMode::kOwn);
    bed.publish("s", "a", "1.0", "layer");
    row.change(bed);
    const Outcome outcome = bed.look("s");
    EXPECT_EQ(bed.condition("s", kReady), "False " + std::string(row.reason));
    EXPECT_EQ(bed.condition("s", condition::kStalled), row.stalled ? "True " + std::string(row.reason) : "");
    EXPECT_EQ(bed.condition("s", condition::kReconciling), row.stalled ? "" : "True ProgressingWithRetry");
    EXPECT_EQ(outcome.failed, !row.stalled);
    EXPECT_EQ(bed.read("s").status.observed_generation, 0);
    EXPECT_EQ(bed.read("s").status.digest, "");
    EXPECT_TRUE(bed.read("s").has_finalizer()) << "what comes later is deleted with it";
    EXPECT_THAT(bed.holds.held(), IsEmpty());
    EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Warning " + std::string(row.reason) +
                                                          ": Reconciliation did not succeed")));
    bed.api.forget_calls();
    bed.look("s");
    EXPECT_THAT(bed.writes(), IsEmpty()) << "the same trouble again";
  }
}

TEST(OwnSnapshots, TheRegistrysDelayCounts) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  bed.content.fail_with(
      Trouble{.reason = Reason::kRegistryRateLimited, .retry_after = std::chrono::seconds(7)});
  EXPECT_EQ(bed.look("s").after, std::chrono::seconds(7));
}

TEST(OwnSnapshots, RecoverByThemselvesAndKeepWhatWasGoodMeanwhile) {
  SnapshotBed bed(SnapshotMode::kOwn);
  const Content first = bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  const Snapshot good = bed.read("s");
  bed.write("s", "b", "2.0",
            Digest::of("new").to_string());  // The identity, and so the repository, is another.
  bed.look("s");
  EXPECT_EQ(bed.condition("s", kReady), "False ArtifactNotFound");
  EXPECT_EQ(bed.read("s").status.digest, good.status.digest);
  EXPECT_EQ(bed.read("s").status.observed_generation, good.status.observed_generation);
  ASSERT_THAT(*bed.snapshots.held_by(*bed.cached("s")), SizeIs(1));
  EXPECT_EQ(bed.snapshots.held_by(*bed.cached("s"))->front().repository.str(), bed.repository_of("a"));

  const Content second = bed.content.put(bed.repository_of("b"), "2.0", "new");
  bed.look("s");
  EXPECT_EQ(bed.condition("s", kReady), "True Succeeded");
  EXPECT_EQ(bed.condition("s", condition::kReconciling), "");
  EXPECT_THAT(bed.holds.held(), ElementsAre(Pair("Snapshot team-a/s", ElementsAre(held("b", second)))));
  EXPECT_TRUE(bed.content.has(bed.repository_of("a"), first.manifest.digest))
      << "ocm-controller leaves it as well";
}

TEST(OwnSnapshots, SuspendStopsAllButDeletion) {
  SnapshotBed bed(SnapshotMode::kOwn);
  const Content content = bed.publish("s", "a", "1.0", "layer");
  bed.write("s", "a", "1.0", Digest::of("layer").to_string(), R"(,"suspend":true)");
  bed.api.forget_calls();
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_THAT(bed.writes(), IsEmpty());
  EXPECT_EQ(bed.content.looks(), 0U);

  bed.write("s", "a", "1.0", Digest::of("layer").to_string(), R"(,"suspend":false)");
  bed.look("s");
  bed.write("s", "a", "1.0", Digest::of("layer").to_string(), R"(,"suspend":true)");
  EXPECT_THAT(*bed.snapshots.held_by(*bed.cached("s")), SizeIs(1)) << "still held";
  bed.remove("s");
  bed.look("s");
  EXPECT_FALSE(bed.find("s"));
  EXPECT_FALSE(bed.content.has(bed.repository_of("a"), content.manifest.digest));
}

TEST(OwnSnapshots, GiveUpWhatTheNamespaceMayNoLongerName) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                            R"({"metadata":{"annotations":{"lamina.dev/exports":"ExternalArtifact"}}})"));
  bed.look("s");
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kExternalArtifact)), SizeIs(1));
  bed.settings.tenancy = {};
  bed.look("s");
  EXPECT_EQ(bed.condition("s", kReady), "False AccessDenied");
  EXPECT_THAT(bed.holds.held(), IsEmpty());
  EXPECT_THAT(*bed.snapshots.held_by(*bed.cached("s")), IsEmpty());
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kExternalArtifact)), IsEmpty());
}

TEST(OwnSnapshots, ExportWhatTheirAnnotationAsksFor) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  const auto annotate = [&](const std::string& value) {
    ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                              R"({"metadata":{"annotations":{"lamina.dev/exports":)" + value + "}}}"));
  };
  bed.look("s");
  const auto before = bed.cached("s");
  annotate(R"("ExternalArtifact, OCIRepository/other")");
  EXPECT_TRUE(bed.snapshots.needs_look(*before, *bed.cached("s")));
  bed.look("s");
  EXPECT_EQ(bed.condition("s", condition::kExported), "True Succeeded");
  const auto exported = bed.api.find(type_of(ExportKind::kExternalArtifact), {"team-a", "s"});
  ASSERT_TRUE(exported);
  EXPECT_THAT(exported->json, HasSubstr(R"("revision":"1.0@)" + Digest::of("layer").to_string()));
  EXPECT_THAT(exported->json, HasSubstr(R"("kind":"Snapshot","name":"s")"));
  EXPECT_TRUE(bed.api.find(type_of(ExportKind::kOciRepository), {"team-a", "other"}));

  bed.exports.say(ExportKind::kExternalArtifact, ExportCache::Availability::kNotInstalled);
  bed.look("s");
  EXPECT_EQ(bed.condition("s", condition::kExported), "False KindNotInstalled");
  EXPECT_EQ(bed.condition("s", kReady), "True Succeeded");
  bed.exports.say(ExportKind::kExternalArtifact, ExportCache::Availability::kReady);

  annotate("null");
  bed.look("s");
  EXPECT_EQ(bed.condition("s", condition::kExported), "");
  EXPECT_THAT(bed.api.all(type_of(ExportKind::kExternalArtifact)), IsEmpty());
}

TEST(OwnSnapshots, NeedALookWhenWhatTheyRelyOnWentAway) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  const auto bare = bed.cached("s");
  bed.look("s");
  const auto whole = bed.cached("s");
  EXPECT_FALSE(bed.snapshots.needs_look(*bare, *whole)) << "our own writes";
  EXPECT_TRUE(bed.snapshots.needs_look(*whole, *bare));
}

TEST(OwnSnapshots, WaitForTheCacheWhereItIsBehind) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  const auto stale = bed.cached("s");
  bed.write("s", "a", "1.0", Digest::of("layer").to_string(), R"(,"suspend":false)");
  const Outcome outcome = bed.snapshots.reconcile({"team-a", "s"}, &*stale, {});
  EXPECT_FALSE(outcome.failed);
  EXPECT_GT(outcome.after.count(), 0);
  EXPECT_FALSE(bed.read("s").has_finalizer());
}

TEST(OwnSnapshots, VanishingIsNoFailure) {
  SnapshotBed bed(SnapshotMode::kOwn);
  bed.publish("s", "a", "1.0", "layer");
  const auto object = bed.cached("s");
  bed.api.erase(snapshot_type(), {"team-a", "s"});
  EXPECT_FALSE(bed.snapshots.reconcile({"team-a", "s"}, &*object, {}).failed);
  EXPECT_FALSE(bed.snapshots.reconcile({"team-a", "s"}, nullptr, {}).failed);
  EXPECT_THAT(bed.holds.held(), IsEmpty());
}

// ---- Mode observe -------------------------------------------------------------------------------------

constexpr std::string_view kStatusOfV1 =
    R"({"status":{"digest":"x","tag":"y","observedGeneration":1,"conditions":[{"type":"Ready","status":"True",)"
    R"("reason":"Succeeded","message":"Snapshot with name 's' is ready","lastTransitionTime":)"
    R"("2026-01-02T03:04:05Z","observedGeneration":1}]}})";

void write_status(SnapshotBed& bed, std::string_view status) {
  EXPECT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge, status,
                            {.subresource = "status", .field_manager = "ocm-controller"}));
}

TEST(ObservedSnapshots, GetOneConditionAndKeepTheRest) {
  SnapshotBed bed(SnapshotMode::kObserve);
  const Content content = bed.publish("s", "a", "1.0", "layer");
  write_status(bed, kStatusOfV1);
  const Snapshot before = bed.read("s");
  bed.api.forget_calls();
  const Outcome outcome = bed.look("s");
  EXPECT_FALSE(outcome.failed) << outcome.log;
  EXPECT_THAT(bed.writes(), SizeIs(2)) << "annotation and condition";
  Snapshot after = bed.read("s");
  EXPECT_EQ(bed.condition("s", kContentVerified), "True Succeeded");
  EXPECT_FALSE(after.has_finalizer());
  remove_condition(after.status.conditions, kContentVerified);
  EXPECT_EQ(after.status, before.status);
  EXPECT_THAT(bed.holds.held(), ElementsAre(Pair("Snapshot team-a/s", ElementsAre(held("a", content)))));

  bed.api.forget_calls();
  bed.look("s");
  EXPECT_THAT(bed.writes(), IsEmpty());
}

TEST(ObservedSnapshots, NeverLoseWhatOcmControllerWritesMeanwhile) {
  SnapshotBed bed(SnapshotMode::kObserve);
  bed.publish("s", "a", "1.0", "layer");
  int times = 0;
  bed.api.on_call([&](const Call& call) -> std::optional<Error> {
    if (call.verb == Verb::kPatch && call.subresource == "status" && call.field_manager == "lamina" &&
        times++ < 3) {
      std::string status(kStatusOfV1);
      status.replace(status.find("is ready"), 8, "is ready " + std::to_string(times));
      write_status(bed, status);
    }
    return std::nullopt;
  });
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_EQ(times, 4);
  EXPECT_EQ(bed.condition("s", kContentVerified), "True Succeeded");
  EXPECT_EQ(bed.condition("s", kReady), "True Succeeded");
  EXPECT_THAT(bed.find("s")->json, HasSubstr("is ready 3"));
}

TEST(ObservedSnapshots, GiveUpAfterManyConflictsAndTryAgain) {
  SnapshotBed bed(SnapshotMode::kObserve);
  bed.publish("s", "a", "1.0", "layer");
  int times = 0;
  bed.api.on_call([&](const Call& call) -> std::optional<Error> {
    if (call.verb != Verb::kPatch || call.subresource != "status") return std::nullopt;
    ++times;
    return Error{.code = Code::kConflict, .message = "again"};
  });
  EXPECT_TRUE(bed.look("s").failed);
  EXPECT_EQ(times, 5);
}

TEST(ObservedSnapshots, SayWhatIsWrongAndWhenItIsGoodAgain) {
  SnapshotBed bed(SnapshotMode::kObserve);
  bed.publish("s", "a", "1.0", "layer");
  bed.content.put(bed.repository_of("a"), "1.0", "other");
  const Outcome outcome = bed.look("s");
  EXPECT_TRUE(outcome.failed);
  EXPECT_EQ(outcome.written, bed.find("s")->resource_version);
  EXPECT_EQ(bed.condition("s", kContentVerified), "False DigestMismatch");
  EXPECT_EQ(bed.condition("s", kReady), "");
  EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Warning DigestMismatch: expected sha256:")));
  bed.content.put(bed.repository_of("a"), "1.0", "layer");
  bed.look("s");
  EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Normal Succeeded: verified layer sha256:")));
}

TEST(ObservedSnapshots, AreLookedAtAgainWhenTheConditionIsDropped) {
  SnapshotBed bed(SnapshotMode::kObserve);
  bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  const auto before = bed.cached("s");
  write_status(bed, kStatusOfV1);
  EXPECT_TRUE(bed.snapshots.needs_look(*before, *bed.cached("s")));
}

TEST(ObservedSnapshots, TellByEventsWhatCannotBeExported) {
  SnapshotBed bed(SnapshotMode::kObserve);
  bed.publish("s", "a", "1.0", "layer");
  ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                            R"({"metadata":{"annotations":{"lamina.dev/exports":"ExternalArtifact"}}})"));
  bed.settings.advertise_url.clear();
  bed.look("s");
  EXPECT_EQ(bed.condition("s", condition::kExported), "");
  EXPECT_THAT(bed.sent_events(), Contains(StartsWith("Warning NoAdvertiseURL: ")));
}

TEST(ObservedSnapshots, DeletionIsOcmControllers) {
  SnapshotBed bed(SnapshotMode::kObserve);
  const Content content = bed.publish("s", "a", "1.0", "layer");
  bed.look("s");
  ASSERT_TRUE(bed.api.patch(snapshot_type(), {"team-a", "s"}, kube::PatchType::kMerge,
                            R"({"metadata":{"finalizers":["finalizers.snapshot.ocm.software"]}})"));
  bed.remove("s");
  bed.api.forget_calls();
  EXPECT_FALSE(bed.look("s").failed);
  EXPECT_THAT(bed.holds.held(), IsEmpty());
  EXPECT_TRUE(bed.find("s"));
  EXPECT_THAT(bed.writes(), IsEmpty());
  EXPECT_TRUE(bed.content.has(bed.repository_of("a"), content.manifest.digest));
}

TEST(SnapshotModes, OwnRefusesTheSchemaOfAnotherProduct) {
  const kube::ResourceType crds{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                "CustomResourceDefinition", false};
  kube::testing::FakeApi api;
  api.add_type(crds);
  EXPECT_TRUE(check_snapshots(api, SnapshotMode::kOwn)) << "no CRD yet";
  api.put(crds,
          R"({"metadata":{"name":"snapshots.delivery.ocm.software"},"spec":{"versions":[{"name":"v1alpha1",
      "schema":{"openAPIV3Schema":{"properties":{"spec":{"properties":{"repository":{},"digest":{}}}}}}}]}})");
  EXPECT_EQ(check_snapshots(api, SnapshotMode::kOwn).error().code, Code::kUnsupported);
  EXPECT_TRUE(check_snapshots(api, SnapshotMode::kObserve));
  EXPECT_TRUE(check_snapshots(api, SnapshotMode::kOff));
}

// ---- Snapshots of the branch of ocm-k8s-toolkit -------------------------------------------------------

TEST(ToolkitSnapshots, AreHeldAndVerifiedButNeverWritten) {
  for (const SnapshotMode mode : {SnapshotMode::kObserve, SnapshotMode::kOwn}) {
    SnapshotBed bed(mode);
    const Content content = bed.content.put("sha-1", "", "layer");
    bed.api.put(snapshot_type(), R"({"metadata":{"name":"s","namespace":"team-a",
        "finalizers":["finalizers.snapshot.ocm.software"]},"spec":{"repository":"sha-1","digest":")" +
                                     content.manifest.digest.to_string() +
                                     R"(","blob":{"digest":"0f","tag":"1.0","size":0}}})");
    bed.api.forget_calls();
    EXPECT_FALSE(bed.look("s").failed);
    EXPECT_THAT(
        bed.holds.held(),
        ElementsAre(Pair("Snapshot team-a/s", ElementsAre("sha-1@" + content.manifest.digest.to_string()))));
    ASSERT_THAT(*bed.snapshots.held_by(*bed.cached("s")), SizeIs(1));
    EXPECT_THAT(bed.sent_events(), IsEmpty());

    bed.content.fail_with(Trouble{.reason = Reason::kArtifactNotFound, .message = "gone"});
    EXPECT_TRUE(bed.look("s").failed);
    bed.look("s");
    EXPECT_THAT(bed.sent_events(), ElementsAre("Warning ArtifactNotFound: gone"));
    bed.content.fail_with(std::nullopt);
    bed.look("s");
    EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Normal Succeeded: verified ")));

    bed.remove("s");
    bed.look("s");
    EXPECT_THAT(bed.holds.held(), IsEmpty());
    EXPECT_TRUE(bed.find("s")) << "its finalizer is another controller's";
    for (const Call& call : bed.writes()) EXPECT_EQ(call.verb, Verb::kRemove) << call.json;
  }
}

}  // namespace
}  // namespace lamina::controller
