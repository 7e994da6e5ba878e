// SPDX-License-Identifier: Apache-2.0
#include "controller/referrers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/testing/test_bed.h"

namespace lamina::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::TestBed;

const kube::ResourceType kProducerType{"acme.dev", "v1", "producers", "Producer"};
const kube::ObjectKey kKey{"team-a", "x"};
// Those of the fake are older than the bed's clock.
constexpr std::string_view kNew = R"("creationTimestamp":"2030-01-01T00:00:00Z")";

class ReferrersTest : public ::testing::Test {
 protected:
  ReferrersTest() { bed.api.add_type(kProducerType); }

  static std::string url_of(const Content& of) {
    return "http://files.test/files/team-a/app/" + of.manifest.digest.to_string() + "/layer.tar.gz";
  }
  static std::string name_of(const Content& of) { return "team-a/app@" + of.manifest.digest.to_string(); }
  void put(const kube::ResourceType& type, const std::string& rest, const std::string& more_metadata = {}) {
    bed.api.put(type, R"({"metadata":{"namespace":"team-a","name":"x",)" + std::string(kNew) + more_metadata +
                          "}," + rest + "}");
  }
  void put_artifact(const std::string& url, const std::string& of_layer, int size,
                    const std::string& more_metadata = {}) {
    put(artifacts.type(),
        R"("spec":{"url":")" + url +
            R"(","revision":"1","lastUpdateTime":"2026-01-01T00:00:00Z","digest":")" + of_layer +
            R"(","size":)" + std::to_string(size) + "}",
        more_metadata);
  }
  std::optional<kube::Object> cached(const Referrers& kind) const {
    auto object = bed.api.find(kind.type(), kKey);
    if (object) object->json = kind.informer_options().keep(*object);
    return object;
  }
  Outcome look(Referrers& kind) {
    const auto object = cached(kind);
    return kind.reconcile(kKey, object ? &*object : nullptr, {});
  }

  TestBed bed;
  Referrers artifacts{bed.context, type_of(ExportKind::kArtifact), read_artifact_url};
  Referrers producers{bed.context, kProducerType, read_status};
  const Content content = bed.content.put("team-a/app", "", "layer");
  const std::string digest = Digest::of("layer").to_string();
};

TEST_F(ReferrersTest, ArtifactsOfOurFileFaceAreVerifiedAndHeld) {
  put_artifact(url_of(content), digest, 5);
  const Outcome outcome = look(artifacts);
  EXPECT_FALSE(outcome.failed);
  EXPECT_EQ(outcome.after, std::chrono::hours(1));
  EXPECT_EQ(bed.content.looks(), 1U);
  EXPECT_THAT(bed.holds.held(), ElementsAre(Pair("Artifact team-a/x", ElementsAre(name_of(content)))));
  ASSERT_THAT(*artifacts.held_by(*cached(artifacts)), SizeIs(1));
  bed.api.erase(artifacts.type(), kKey);
  look(artifacts);
  EXPECT_THAT(bed.holds.held(), IsEmpty());
  EXPECT_THAT(bed.sent_events(), IsEmpty());
}

TEST_F(ReferrersTest, OtherAddressesAreSomebodyElses) {
  for (const std::string& url : {std::string("http://storage.test/files/team-a/app/") + digest + "/x.tar.gz",
                                 std::string("http://files.test/other/x.tar.gz"),
                                 std::string("http://files.test/files/team-a/app/1.0/x.tgz")}) {
    bed.api.erase(artifacts.type(), kKey);
    put_artifact(url, digest, 5);
    Referrers fresh(bed.context, artifacts.type(), read_artifact_url);
    EXPECT_FALSE(look(fresh).failed);
    EXPECT_THAT(*fresh.held_by(*cached(fresh)), IsEmpty()) << url;
  }
  EXPECT_EQ(bed.holds.calls(), 0U);
  EXPECT_EQ(bed.content.looks(), 0U);
}

TEST_F(ReferrersTest, ExportsAreHeldButNotVerifiedTwice) {
  put_artifact(
      url_of(content), digest, 5,
      R"(,"labels":{"app.kubernetes.io/managed-by":"lamina"},"ownerReferences":[{"kind":"OCIArtifact",)"
      R"("name":"x","uid":"1","controller":true}])");
  EXPECT_FALSE(look(artifacts).failed);
  EXPECT_EQ(bed.content.looks(), 0U);
  EXPECT_THAT(bed.holds.held(), SizeIs(1));
}

TEST_F(ReferrersTest, TroubleIsToldOnceByAnEventAndSoIsItsEnd) {
  put_artifact(url_of(content), Digest::of("other").to_string(), 5);
  EXPECT_TRUE(look(artifacts).failed);
  EXPECT_TRUE(look(artifacts).failed);
  EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Warning DigestMismatch: expected ")));
  put_artifact(url_of(content), digest, 5);
  EXPECT_FALSE(look(artifacts).failed);
  EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Normal Succeeded: ")));
}

TEST_F(ReferrersTest, NothingIsHeldThatTheNamespaceMayNotName) {
  const Content theirs = bed.content.put("team-b/app", "", "layer");
  put_artifact("http://files.test/files/team-b/app/" + theirs.manifest.digest.to_string() + "/x.tgz", digest,
               5);
  EXPECT_FALSE(look(artifacts).failed);
  EXPECT_THAT(*artifacts.held_by(*cached(artifacts)), IsEmpty());
  EXPECT_THAT(bed.holds.held(), IsEmpty());
  EXPECT_THAT(bed.sent_events(), ElementsAre(StartsWith("Warning AccessDenied: ")));
}

TEST_F(ReferrersTest, WhatWasThereBeforeIsReadBitByBit) {
  bed.api.put(artifacts.type(), R"({"metadata":{"namespace":"team-a","name":"x"},"spec":{"url":")" +
                                    url_of(content) + R"(","digest":")" + digest + R"("}})");
  const Outcome outcome = look(artifacts);
  EXPECT_EQ(bed.content.looks(), 0U);
  EXPECT_GT(outcome.after.count(), 0);
  EXPECT_THAT(outcome.concerns, SizeIs(1));
  look(artifacts);
  EXPECT_EQ(bed.content.looks(), 0U);
  bed.clock.advance(std::chrono::duration_cast<std::chrono::seconds>(outcome.after));
  look(artifacts);
  EXPECT_EQ(bed.content.looks(), 1U);
  artifacts.distrust(kKey);
  look(artifacts);
  EXPECT_EQ(bed.content.looks(), 2U);
}

TEST_F(ReferrersTest, StatusesAreHeldByTheirManifest) {
  struct Row {
    const char* what;
    std::string status;
    bool held;
    const char* event;  // Empty: none.
  };
  const std::string manifest = content.manifest.digest.to_string();
  const std::vector<Row> rows = {
      {"ociArtifact",
       R"("ociArtifact":{"repository":"team-a/app","digest":")" + manifest +
           R"(","blob":{"digest":"0f1e","tag":"1.0","size":0}})",
       true, ""},
      {"artifact",
       R"("artifact":{"url":")" + url_of(content) + R"(","digest":")" + digest + R"(","revision":"1"})", true,
       ""},
      {"another's artifact",
       R"("artifact":{"url":"http://source-controller/x.tar.gz","digest":")" + digest +
           R"(","revision":"1"})",
       false, ""},
      {"nothing", R"("other":1)", false, ""},
      {"malformed", R"("ociArtifact":{"repository":"team-a/app","digest":"sha256:1"})", false,
       "Warning InvalidSpec: "},
      {"another tenant's", R"("ociArtifact":{"repository":"team-b/app","digest":")" + manifest + R"("})",
       false, "Warning AccessDenied: "},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    bed.api.erase(kProducerType, kKey);
    look(producers);
    put(kProducerType, R"("status":{)" + row.status + "}");
    EXPECT_FALSE(look(producers).failed);
    ASSERT_TRUE(producers.held_by(*cached(producers)));
    EXPECT_THAT(*producers.held_by(*cached(producers)), SizeIs(row.held ? 1 : 0));
    EXPECT_EQ(bed.holds.held().contains("Producer team-a/x"), row.held);
    const auto events = bed.sent_events();
    EXPECT_THAT(events, SizeIs(*row.event == '\0' ? 0 : 1));
    for (const std::string& event : events) EXPECT_THAT(event, StartsWith(row.event));
  }
  EXPECT_EQ(bed.content.looks(), 0U);
}

TEST_F(ReferrersTest, ChangesOfTheReferenceNeedALookAndNothingElseDoes) {
  const std::string manifest = content.manifest.digest.to_string();
  put(kProducerType,
      R"("status":{"ociArtifact":{"repository":"team-a/app","digest":")" + manifest + R"("}})");
  const auto before = cached(producers);
  look(producers);
  put(kProducerType,
      R"("status":{"phase":"x","ociArtifact":{"repository":"team-a/app","digest":")" + manifest + R"("}})");
  EXPECT_FALSE(producers.needs_look(*before, *cached(producers)));
  put(kProducerType, R"("status":{"phase":"x"})");
  EXPECT_TRUE(producers.needs_look(*before, *cached(producers)));
  look(producers);
  EXPECT_THAT(bed.holds.held(), IsEmpty());
}

TEST_F(ReferrersTest, AMissingManifestIsToldAndTriedAgain) {
  put(kProducerType, R"("status":{"ociArtifact":{"repository":"team-a/app","digest":")" + digest + R"("}})");
  bed.holds.fail_with(Trouble{.reason = Reason::kArtifactNotFound, .message = "not there"});
  EXPECT_TRUE(look(producers).failed);
  EXPECT_THAT(bed.sent_events(), ElementsAre("Warning ArtifactNotFound: not there"));
}

}  // namespace
}  // namespace lamina::controller
