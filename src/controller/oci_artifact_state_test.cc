// SPDX-License-Identifier: Apache-2.0
#include "controller/oci_artifact_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamina::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const UnixTime kNow{seconds(1'800'000'000)};

Settings settings() {
  Settings made{.registry = "registry.test:5000", .advertise_url = "http://files.test"};
  made.tenancy.add(Tenancy::parse_rule("*=sha-*").value());
  return made;
}

kube::Object object() {
  return {.key = {.namespace_name = "team-a", .name = "app"}, .uid = "u1", .generation = 3};
}

Content content(std::string_view layer) {
  Content made;
  made.manifest = {.media_type = std::string(media_type::kImageManifest),
                   .digest = Digest::of(std::string(layer) + "m")};
  made.layer = {.media_type = std::string(media_type::kLayerTarGzip),
                .digest = Digest::of(layer),
                .size = layer.size()};
  return made;
}

OciArtifact artifact() {
  OciArtifact made;
  made.spec.repository = "team-a/app";
  made.spec.tag = "v1";
  return made;
}

/// The artifact after content was seen.
OciArtifact seen(OciArtifact artifact, std::string_view layer, UnixTime now) {
  const Plan plan = plan_of(artifact.spec, object(), settings()).value();
  artifact.status = verified_status(artifact, object(), plan, content(layer), settings(), now);
  return artifact;
}

struct PlanCase {
  const char* name;
  OciArtifactSpec spec;
  std::string expected;  ///< The reference, or a reason and a part of its message.
};

class PlanOf : public ::testing::TestWithParam<PlanCase> {};

TEST_P(PlanOf, FollowsFromTheSpec) {
  const auto plan = plan_of(GetParam().spec, object(), settings());
  const std::string found = plan ? plan->reference.to_string()
                                 : std::string(row_of(plan.error().reason).name) + " " + plan.error().message;
  EXPECT_THAT(found, HasSubstr(GetParam().expected));
}

const std::string kDigest = Digest::of("x").to_string();
INSTANTIATE_TEST_SUITE_P(
    Table, PlanOf,
    ::testing::Values(
        PlanCase{"repository", {.repository = "team-a/app"}, "registry.test:5000/team-a/app"},
        PlanCase{"tag", {.repository = "team-a/app", .tag = "v1"}, "team-a/app:v1"},
        PlanCase{"digest", {.repository = "team-a/app", .tag = "v1", .digest = kDigest}, "@" + kDigest},
        PlanCase{"identity",
                 {.identity = {{"a", "b"}}},
                 "registry.test:5000/team-a/sha256-" + identity_digest({{"a", "b"}}).hex()},
        PlanCase{"ocm",
                 {.identity = {{"a", "b"}}, .scheme = "ocm-v1"},
                 "registry.test:5000/sha-3629586248519120669"},
        PlanCase{"theirs",
                 {.repository = "any/thing", .registry = RegistryAccess{.host = "r.example"}},
                 "r.example/any/thing"},
        PlanCase{"nothing", {}, "InvalidSpec expected spec.identity or spec.repository"},
        PlanCase{"scheme", {.identity = {{"a", "b"}}, .scheme = "new"}, "InvalidSpec spec.identity"},
        PlanCase{"grammar", {.repository = "Team"}, "InvalidSpec spec.repository"},
        PlanCase{"bad_tag", {.repository = "team-a/app", .tag = "a+b"}, "InvalidSpec spec.tag"},
        PlanCase{"bad_digest", {.repository = "team-a/app", .digest = "x"}, "InvalidSpec spec.digest"},
        PlanCase{"other_tenant", {.repository = "team-b/app"}, "AccessDenied objects of namespace team-a"}),
    [](const auto& tested) { return tested.param.name; });

TEST(VerifiedStatus, TellsWhatWasSeen) {
  const OciArtifactStatus status = seen(artifact(), "one", kNow).status;
  EXPECT_TRUE(is_true(status.conditions, condition::kReady));
  EXPECT_EQ(status.artifact->layer_digest, Digest::of("one").to_string());
  EXPECT_EQ(status.observed_generation, 3);
  EXPECT_EQ(status.last_update, kNow);
  EXPECT_THAT(status.url, HasSubstr("http://files.test/files/team-a/app/" + status.artifact->digest + "/"));
  EXPECT_THAT(status.history, IsEmpty());
}

TEST(VerifiedStatus, TheAddressIsThatOfTheExports) {
  Content titled = content("one");
  titled.layer.annotations = {{"org.opencontainers.image.title", "podinfo.tar.gz"}};
  const Plan plan = plan_of(artifact().spec, object(), settings()).value();
  const OciArtifactStatus status = verified_status(artifact(), object(), plan, titled, settings(), kNow);
  EXPECT_EQ(status.url, seen(artifact(), "one", kNow).status.url);
}

TEST(VerifiedStatus, UnchangedContentKeepsItsTime) {
  const OciArtifact before = seen(artifact(), "one", kNow);
  const OciArtifactStatus after = seen(before, "one", kNow + minutes(5)).status;
  EXPECT_EQ(after.last_update, kNow);
  EXPECT_EQ(after.last_verified, kNow + minutes(5));
  EXPECT_EQ(after.conditions, before.status.conditions);
}

TEST(VerifiedStatus, ReplacedContentStaysForAWhile) {
  OciArtifact state = artifact();
  for (const char* layer : {"one", "two", "three", "four"}) state = seen(state, layer, kNow);
  EXPECT_THAT(state.status.history, SizeIs(3));  // Younger than the ttl, all of them.
  EXPECT_THAT(held_manifests(state.spec, state.status, object(), settings()), SizeIs(4));
  EXPECT_EQ(next_look(state.spec, state.status, kNow), kNow + minutes(10));
  state = seen(state, "four", kNow + minutes(10));
  ASSERT_THAT(state.status.history, SizeIs(2));
  EXPECT_EQ(state.status.history[0].layer_digest, Digest::of("three").to_string());
  EXPECT_EQ(next_look(state.spec, state.status, kNow + minutes(10)), kNow + minutes(70));
}

TEST(VerifiedStatus, ContentThatComesBackIsNoHistory) {
  OciArtifact state = artifact();
  for (const char* layer : {"one", "two", "one"}) state = seen(state, layer, kNow);
  ASSERT_THAT(state.status.history, SizeIs(1));
  EXPECT_EQ(state.status.history[0].layer_digest, Digest::of("two").to_string());
}

TEST(VerifiedStatus, AStatusIsReadAsItIsWritten) {
  OciArtifact state = artifact();
  for (const char* layer : {"one", "two"}) state = seen(state, layer, kNow);
  state.status.last_handled_request = "now";
  const auto read = read_oci_artifact(status_document(oci_artifact_type(), object(), state.status));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, state.status);
}

TEST(FailedStatus, KeepsWhatWasVerified) {
  const OciArtifact before = seen(artifact(), "one", kNow);
  const Trouble trouble{
      .reason = Reason::kRegistryUnavailable, .message = "no answer after 12 ms", .retry_after = {}};
  OciArtifact state = before;
  state.status = failed_status(state, object(), trouble, kNow);
  EXPECT_EQ(state.status.artifact, before.status.artifact);
  EXPECT_EQ(find_condition(state.status.conditions, condition::kReady)->reason, "RegistryUnavailable");
  EXPECT_TRUE(is_true(state.status.conditions, condition::kReconciling));
  EXPECT_FALSE(is_true(state.status.conditions, condition::kStalled));

  Trouble again = trouble;
  again.message = "no answer after 3456 ms";
  EXPECT_EQ(failed_status(state, object(), again, kNow + minutes(1)), state.status) << "one write is enough";
  again.message = "no route after 12 ms";
  EXPECT_NE(failed_status(state, object(), again, kNow), state.status);

  state = seen(state, "one", kNow + minutes(2));
  EXPECT_TRUE(is_true(state.status.conditions, condition::kReady));
  EXPECT_THAT(state.status.conditions, SizeIs(1));
}

TEST(FailedStatus, WhoHasNoRightIsShownNothing) {
  OciArtifact state = seen(artifact(), "one", kNow);
  state.status = failed_status(state, object(),
                               {.reason = Reason::kAccessDenied, .message = "no", .retry_after = {}}, kNow);
  EXPECT_FALSE(state.status.artifact);
  EXPECT_EQ(state.status.url, "");
  EXPECT_TRUE(is_true(state.status.conditions, condition::kStalled));
  EXPECT_THAT(held_manifests(state.spec, state.status, object(), settings()), IsEmpty());
}

TEST(IsFresh, UntilSomethingSaysOtherwise) {
  const OciArtifact state = seen(artifact(), "one", kNow);
  const auto fresh = [&](const OciArtifact& at, UnixTime now, const Settings& with = settings()) {
    return is_fresh(at, object(), with, now);
  };
  EXPECT_TRUE(fresh(state, kNow + minutes(59)));
  EXPECT_FALSE(fresh(state, kNow + minutes(60)));
  EXPECT_FALSE(fresh(state, kNow - minutes(1))) << "a clock that was turned back";
  OciArtifact other = state;
  other.status.observed_generation = 2;
  EXPECT_FALSE(fresh(other, kNow));
  other = state;
  other.request = "now";
  EXPECT_FALSE(fresh(other, kNow));
  Settings moved = settings();
  moved.advertise_url = "https://elsewhere.test";
  EXPECT_FALSE(fresh(state, kNow, moved));
  EXPECT_FALSE(fresh(artifact(), kNow));
}

TEST(HeldManifests, AreThoseOfTheNamespace) {
  OciArtifact state = seen(artifact(), "one", kNow);
  state.status.artifact->repository = "team-b/app";  // Written by someone who may write the status.
  EXPECT_THAT(held_manifests(state.spec, state.status, object(), settings()), IsEmpty());
  state = seen(artifact(), "one", kNow);
  state.spec.registry = RegistryAccess{.host = "r.example"};
  EXPECT_THAT(held_manifests(state.spec, state.status, object(), settings()), IsEmpty());
}

TEST(HoldsInDoubt, AreToldOfWhileTheyAre) {
  OciArtifactStatus status;
  say_in_doubt(status, 30, 1, kNow);
  EXPECT_TRUE(is_true(status.conditions, condition::kHoldsInDoubt));
  say_in_doubt(status, 0, 1, kNow);
  EXPECT_THAT(status.conditions, IsEmpty());
}

}  // namespace
}  // namespace lamina::controller
