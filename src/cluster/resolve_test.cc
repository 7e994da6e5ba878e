// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/kinds.h"
#include "cluster/resource.h"
#include "cluster/testing/cluster_fixture.h"

namespace lamina::cluster::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

class ResolveTest : public ClusterTest {
 protected:
  static std::string oci_artifact(const std::string& digest) {
    return R"(,"spec":{},"status":{"observedGeneration":1,"artifact":{"repository":"team/x","digest":")" +
           digest + "\"}}";
  }
  Result<ObjectReference> resolve(const std::string& name) {
    return cluster().resolve(parse_object_name(name).value());
  }
};

TEST_F(ResolveTest, TheObjectItself) {
  put(oci_artifact_type(), "a", oci_artifact(kA));
  for (const std::string kind : {"OCIArtifact", "ociartifacts", "ociartifacts.lamina.dev"}) {
    const auto found = resolve(kind + "/team/a");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->version(), kA);
  }
  EXPECT_EQ(resolve("OCIArtifact/team/b").error().code, Code::kNotFound);
  EXPECT_EQ(resolve("Nonsense/team/a").error().code, Code::kNotFound);
}

TEST_F(ResolveTest, ASnapshotInTheNamespaceOfItsProducer) {
  put(producer_type(), "a", R"(,"status":{"snapshotName":"a-abcdefg"})");
  const auto missing = resolve("Build/team/a");
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("Build.demo.example/team/a names the Snapshot a-abcdefg"));
  put(snapshot_type(), "a-abcdefg", R"(,"spec":{"identity":{"a":"b"},"digest":")" + kA + R"(","tag":"1"})");
  const auto found = resolve("Build/team/a");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->carrier.kind, "Snapshot");
  EXPECT_EQ(found->version(), kA);
  put(producer_type(), "b", R"(,"status":{"snapshotName":""})");
  EXPECT_THAT(resolve("Build/team/b").error().message, HasSubstr("has not named a Snapshot yet"));
}

TEST_F(ResolveTest, ReferencesInAStatus) {
  put(producer_type(), "a",
      R"(,"status":{"ociArtifact":{"repository":"sha-1","digest":")" + kA +
          R"(","blob":{"digest":"x","tag":"1","size":0}}})");
  put(producer_type(), "b", R"(,"status":{"artifact":{"url":"http://s/x","digest":")" + kB + R"("}})");
  EXPECT_EQ(resolve("builds/team/a").value().oci->to_string(), "sha-1:1@" + kA);
  EXPECT_EQ(resolve("builds/team/b").value().url, "http://s/x");
}

TEST_F(ResolveTest, WhatTheObjectOwns) {
  const auto owner = put(producer_type(), "a", R"(,"status":{"x":1})");
  put(artifact_type(), "someone-elses", R"(,"spec":{"url":"http://s/y","digest":")" + kB + "\"}");
  put(external_artifact_type(), "mine",
      R"(,"status":{"artifact":{"url":"http://s/x","digest":")" + kA + R"("}})", owned_by(owner));
  put(external_artifact_type(), "empty", "", owned_by(owner));  // No reference yet: does not count.
  const auto found = resolve("Build/team/a");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->carrier.name, "mine");

  put(oci_artifact_type(), "mine-too", oci_artifact(kA), owned_by(owner));
  const auto several = resolve("Build/team/a");
  EXPECT_EQ(several.error().code, Code::kConflict);
  EXPECT_THAT(several.error().detail, ElementsAre("OCIArtifact.lamina.dev/team/mine-too",
                                                  "ExternalArtifact.source.toolkit.fluxcd.io/team/mine"));
}

TEST_F(ResolveTest, SaysWhatItLookedFor) {
  put(producer_type(), "a",
      R"(,"status":{"conditions":[{"type":"Ready","status":"False","reason":"Failed","message":"no disk"}]})");
  const auto missing = resolve("Build/team/a");
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("Build.demo.example/team/a refers to no artifact"));
  EXPECT_THAT(missing.error().message, HasSubstr("it is not ready: Failed: no disk"));
}

TEST_F(ResolveTest, KindsThatAreNotInstalledOrNotAllowed) {
  const auto owner = put(producer_type(), "a");
  put(artifact_type(), "mine", R"(,"spec":{"url":"http://s/y","digest":")" + kB + "\"}", owned_by(owner));
  api().remove_type(external_artifact_type());
  api().remove_type(snapshot_type());
  EXPECT_EQ(resolve("Build/team/a").value().version(), kB);

  std::string denied = "ociartifacts";
  api().on_call([&](const kube::testing::Call& call) -> std::optional<Error> {
    if (call.verb != kube::testing::Verb::kList || call.type.plural != denied) return std::nullopt;
    return Error{Code::kDenied, About::kNothing, "may not list " + denied};
  });
  EXPECT_EQ(resolve("Build/team/a").value().version(), kB);
  denied = "artifacts";
  const auto hidden = resolve("Build/team/a");
  EXPECT_EQ(hidden.error().code, Code::kDenied);
  EXPECT_THAT(hidden.error().message, HasSubstr("may not list artifacts"));
}

TEST_F(ResolveTest, FindsByLabelAndChecksTheClearText) {
  const Identity identity{{"component-name", "github.com/acme/podinfo"}, {"component-version", "1.0+x"}};
  std::string labels;
  for (const auto& [label, value] : identity_labels(identity))
    labels += (labels.empty() ? "" : ",") + ("\"" + label + "\":\"") + value + "\"";
  const std::string metadata = ",\"labels\":{" + labels + "}";
  put(oci_artifact_type(), "a",
      R"(,"spec":{"identity":{"component-name":"github.com/acme/podinfo","component-version":"1.0+x"}})",
      metadata);
  // The same labels, as if the digests collided.
  put(oci_artifact_type(), "b", R"(,"spec":{"identity":{"component-name":"other"}})", metadata);
  put(oci_artifact_type(), "c", R"(,"spec":{"identity":{"component-name":"github.com/acme/podinfo"}})");

  for (const std::string namespace_name : {"", "team"}) {
    const auto found = cluster().find({{"component-name", "github.com/acme/podinfo"}}, namespace_name);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().carrier.name, "a");
  }
  EXPECT_TRUE(cluster().find(identity, "other")->empty());
  EXPECT_EQ(cluster().find({}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina::cluster::testing
