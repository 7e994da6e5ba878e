// SPDX-License-Identifier: Apache-2.0
#include "controller/oci_artifacts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "controller/testing/test_bed.h"

namespace lamina::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LiveExports;
using ::testing::SizeIs;
using testing::TestBed;

const kube::ObjectKey kKey{.namespace_name = "team-a", .name = "app"};

class OciArtifactsTest : public ::testing::Test {
 protected:
  OciArtifactsTest() { bed.api.add_type(oci_artifact_type()); }

  /// The object with this spec, made or changed by a user.
  void set_spec(const std::string& spec, const std::string& metadata = "") {
    const std::string names = R"("name":"app","namespace":"team-a")" + metadata;
    const std::string json = R"({"apiVersion":"lamina.dev/v1alpha1","kind":"OCIArtifact","metadata":{)" +
                             names + R"(},"spec":)" + spec + "}";
    ASSERT_TRUE(bed.api.patch(oci_artifact_type(), kKey, kube::PatchType::kApply, json,
                              {.field_manager = "user", .force = true}));
    bed.api.forget_calls();
  }
  Outcome look() {
    const auto object = bed.api.find(oci_artifact_type(), kKey);
    return kind.reconcile(kKey, object ? &*object : nullptr, {});
  }
  OciArtifactStatus status() {
    return read_oci_artifact(bed.api.find(oci_artifact_type(), kKey).value().json).value().status;
  }
  /// `status reason` of Ready.
  std::string ready() {
    const auto found = status();
    const Condition* condition = find_condition(found.conditions, condition::kReady);
    return condition == nullptr ? "" : condition->status + " " + condition->reason;
  }
  /// Of the object; events are written when they are.
  std::size_t writes() {
    const auto all = bed.api.writes();
    return static_cast<std::size_t>(std::ranges::count(all, oci_artifact_type(), &kube::testing::Call::type));
  }

  TestBed bed;
  LiveExports cache{bed.api};
  Exporter exporter{bed.context, cache};
  OciArtifacts kind{bed.context, exporter};
};

TEST_F(OciArtifactsTest, OneWriteMakesItReadyAndNoneKeepsItSo) {
  const Content content = bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  Outcome outcome = look();
  EXPECT_FALSE(outcome.failed) << outcome.log;
  EXPECT_EQ(ready(), "True Succeeded");
  EXPECT_EQ(writes(), 1u);
  EXPECT_EQ(outcome.written, bed.api.find(oci_artifact_type(), kKey)->resource_version);
  EXPECT_THAT(bed.holds.held().at("OCIArtifact team-a/app"),
              ElementsAre("team-a/app@" + content.manifest.digest.to_string()));
  EXPECT_THAT(bed.sent_events(), IsEmpty());

  const std::size_t looks = bed.content.looks();
  outcome = look();
  EXPECT_EQ(outcome.after, std::chrono::hours(1));
  EXPECT_EQ(outcome.written, "");
  EXPECT_EQ(bed.content.looks(), looks) << "what is fresh is not read again";
  EXPECT_EQ(writes(), 1u);
}

TEST_F(OciArtifactsTest, ContentIsHeldBeforeTheStatusTellsOfIt) {
  bed.content.put("team-a/app", "v1", "one");
  bed.holds.fail_with(Trouble{.reason = Reason::kRegistryUnavailable, .message = "away", .retry_after = {}});
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  EXPECT_TRUE(look().failed);
  EXPECT_EQ(ready(), "False RegistryUnavailable");
  EXPECT_FALSE(status().artifact);
}

TEST_F(OciArtifactsTest, NewContentIsTakenOverAndTheOldStaysHeld) {
  const Content one = bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1","exports":[{"kind":"ExternalArtifact"}]})");
  look();
  const Content two = bed.content.put("team-a/app", "v1", "two");
  kind.distrust(kKey);  // As a change in the registry does.
  EXPECT_FALSE(look().failed);
  EXPECT_EQ(status().artifact->digest, two.manifest.digest.to_string());
  EXPECT_THAT(bed.holds.held().at("OCIArtifact team-a/app"), SizeIs(2));
  EXPECT_THAT(bed.sent_events(), ElementsAre(HasSubstr("Normal NewContent")));
  const auto exported = bed.api.find(type_of(ExportKind::kExternalArtifact), kKey);
  EXPECT_THAT(exported.value().json, HasSubstr(two.layer.digest.to_string()));

  bed.clock.advance(std::chrono::hours(2));
  look();
  EXPECT_THAT(status().history, SizeIs(1)) << "two previous ones stay, whatever their age";
}

TEST_F(OciArtifactsTest, ATagThatMovedWhileNobodyFollowedItIsFound) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  look();
  kind.distrust_tags();  // As at the start, when another controller wrote the status.
  const std::size_t looks = bed.content.looks();
  look();
  EXPECT_EQ(bed.content.looks(), looks) << "content of the same digest is not read again";
  const Content two = bed.content.put("team-a/app", "v1", "two");
  kind.distrust_tags();
  look();
  EXPECT_EQ(status().artifact->digest, two.manifest.digest.to_string());
}

TEST_F(OciArtifactsTest, TroubleIsToldOnceAndGoesByItself) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1","exports":[{"kind":"ExternalArtifact"}]})");
  look();
  const auto exported = bed.api.find(type_of(ExportKind::kExternalArtifact), kKey).value().json;
  bed.api.forget_calls();
  bed.content.fail_with(
      Trouble{.reason = Reason::kContentCorrupted, .message = "damaged", .retry_after = {}});
  kind.distrust(kKey);
  EXPECT_TRUE(look().failed);
  EXPECT_TRUE(look().failed) << "it is not fresh while it fails";
  EXPECT_EQ(ready(), "False ContentCorrupted");
  EXPECT_EQ(writes(), 1u);
  EXPECT_EQ(bed.api.find(type_of(ExportKind::kExternalArtifact), kKey).value().json, exported);
  EXPECT_THAT(bed.sent_events(), ElementsAre(HasSubstr("Warning ContentCorrupted: damaged")));

  bed.content.fail_with(std::nullopt);
  EXPECT_FALSE(look().failed);
  EXPECT_EQ(ready(), "True Succeeded");
  EXPECT_THAT(bed.sent_events(), ElementsAre(HasSubstr("Normal Succeeded")));
}

TEST_F(OciArtifactsTest, ARateLimitIsWaitedFor) {
  bed.content.fail_with(Trouble{.reason = Reason::kRegistryRateLimited,
                                .message = "slow down",
                                .retry_after = std::chrono::seconds(7)});
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  EXPECT_EQ(look().after, std::chrono::seconds(7));
}

TEST_F(OciArtifactsTest, WhatAnotherRegistryHasIsLookedAtAgainWhateverItIs) {
  bed.content.fail_with(
      Trouble{.reason = Reason::kUnsupportedArtifact, .message = "two layers", .retry_after = {}});
  set_spec(R"({"repository":"x/app","tag":"v1","interval":"5m","registry":{"host":"other.test"}})");
  EXPECT_EQ(look().after, std::chrono::minutes(5));
  EXPECT_EQ(ready(), "False UnsupportedArtifact");
  // In Lamina's own, the change of the tag is told.
  set_spec(R"({"repository":"team-a/app","tag":"v1","interval":"5m"})");
  EXPECT_EQ(look().after.count(), 0);
}

TEST_F(OciArtifactsTest, AnotherNamespacesRepositoryIsRefusedAndNothingOfItShown) {
  bed.content.put("team-b/secret", "v1", "one");
  set_spec(R"({"repository":"team-b/secret","tag":"v1","exports":[{"kind":"ExternalArtifact"}]})");
  EXPECT_FALSE(look().failed) << "trying again is of no use";
  EXPECT_EQ(ready(), "False AccessDenied");
  EXPECT_EQ(status().url, "");
  EXPECT_EQ(bed.content.looks(), 0u);
  EXPECT_THAT(bed.holds.held(), IsEmpty());
  EXPECT_FALSE(bed.api.find(type_of(ExportKind::kExternalArtifact), kKey));
}

TEST_F(OciArtifactsTest, WhoLosesTheRightLosesTheExport) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1","exports":[{"kind":"ExternalArtifact"}]})");
  look();
  ASSERT_TRUE(bed.api.find(type_of(ExportKind::kExternalArtifact), kKey));
  set_spec(R"({"repository":"team-b/app","tag":"v1","exports":[{"kind":"ExternalArtifact"}]})");
  look();
  EXPECT_FALSE(bed.api.find(type_of(ExportKind::kExternalArtifact), kKey));
  EXPECT_THAT(bed.holds.held(), IsEmpty());
}

TEST_F(OciArtifactsTest, SuspendStopsAllButDeletion) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  look();
  set_spec(R"({"repository":"team-a/app","tag":"v2","suspend":true})");
  const std::size_t looks = bed.content.looks();
  EXPECT_FALSE(look().failed);
  EXPECT_EQ(bed.content.looks(), looks);
  EXPECT_EQ(writes(), 0u);
  EXPECT_THAT(bed.holds.held(), SizeIs(1));
  bed.api.erase(oci_artifact_type(), kKey);
  look();
  EXPECT_THAT(bed.holds.held(), IsEmpty());
}

TEST_F(OciArtifactsTest, ARequestIsActedUponOnce) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  look();
  set_spec(R"({"repository":"team-a/app","tag":"v1"})",
           R"(,"annotations":{"reconcile.fluxcd.io/requestedAt":"one"})");
  const std::size_t looks = bed.content.looks();
  look();
  EXPECT_EQ(bed.content.looks(), looks + 1);
  EXPECT_EQ(status().last_handled_request, "one");
  look();
  EXPECT_EQ(bed.content.looks(), looks + 1);
}

TEST_F(OciArtifactsTest, ARequestAndASpecAreChangesAndAStatusIsNone) {
  kube::Object before{.uid = "u", .generation = 1, .json = R"({"metadata":{}})"};
  kube::Object now = before;
  now.resource_version = "2";
  EXPECT_FALSE(kind.needs_look(before, now));
  now.generation = 2;
  EXPECT_TRUE(kind.needs_look(before, now));
  now = before;
  now.json = R"({"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":"x"}}})";
  EXPECT_TRUE(kind.needs_look(before, now));
}

TEST_F(OciArtifactsTest, HoldsThatNobodyCanExplainAreShown) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  EXPECT_TRUE(kind.set_in_doubt(30));
  EXPECT_FALSE(kind.set_in_doubt(30));
  look();
  EXPECT_TRUE(is_true(status().conditions, condition::kHoldsInDoubt));
  kind.set_in_doubt(0);
  look();
  EXPECT_FALSE(is_true(status().conditions, condition::kHoldsInDoubt));
}

TEST_F(OciArtifactsTest, AnObjectThatWentMeanwhileIsNoFailure) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  const auto object = bed.api.find(oci_artifact_type(), kKey);
  bed.api.erase(oci_artifact_type(), kKey);
  EXPECT_FALSE(kind.reconcile(kKey, &*object, {}).failed);
}

TEST_F(OciArtifactsTest, AnApiServerThatRefusesIsAskedAgain) {
  bed.content.put("team-a/app", "v1", "one");
  set_spec(R"({"repository":"team-a/app","tag":"v1"})");
  bed.api.on_call([](const kube::testing::Call& call) -> std::optional<Error> {
    if (!call.is_write()) return std::nullopt;
    return Error{.code = Code::kUnavailable, .message = "busy"};
  });
  EXPECT_TRUE(look().failed);
}

}  // namespace
}  // namespace lamina::controller
