// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/testing/cluster_fixture.h"

namespace lamina::cluster::testing {
namespace {

using client::testing::Answer;
using client::testing::Sent;
using ::testing::HasSubstr;

class PullForTest : public ClusterTest {
 protected:
  PullForTest() {
    const auto pushed = client().push(ref("team/x:1"), FileContent{write_file("in", "content")});
    EXPECT_TRUE(pushed) << pushed.error().message;
    manifest = pushed->manifest;
    layer = pushed->layer;
    reference.form = ReferenceForm::kOciArtifact;
    reference.carrier = {"lamina.dev/v1alpha1", "OCIArtifact", "team", "a", "u"};
    reference.oci = ref("team/x@" + manifest.digest.to_string());
    reference.digest = layer.digest;
    reference.size = layer.size;
  }
  Result<Pulled> pull() { return cluster().pull(reference, client(), FileDestination{out()}); }
  std::filesystem::path out() const { return folder() / "out"; }

  Descriptor manifest;
  Descriptor layer;
  ObjectReference reference;
};

TEST_F(PullForTest, FromTheRegistry) {
  const auto pulled = pull();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->manifest.digest, manifest.digest);
  EXPECT_EQ(read_file(out()), "content");
  EXPECT_EQ(cluster().verify(reference, client())->manifest.digest, manifest.digest);
}

TEST_F(PullForTest, WhatTheObjectSaysBinds) {
  const ObjectReference right = reference;
  reference.digest = Digest::of("other");
  EXPECT_EQ(pull().error().code, Code::kMismatch);
  EXPECT_THAT(
      pull().error().message,
      HasSubstr("OCIArtifact.lamina.dev/team/a says that the digest of the layer is " +
                Digest::of("other").to_string() + ", but the artifact has " + layer.digest.to_string()));
  EXPECT_EQ(cluster().verify(reference, client()).error().code, Code::kMismatch);
  reference = right;
  reference.size = 8;
  EXPECT_EQ(pull().error().code, Code::kMismatch);
  EXPECT_EQ(cluster().verify(reference, client()).error().code, Code::kMismatch);
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(PullForTest, AnIndexIsNotALayer) {
  const std::string index =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":")" +
      manifest.media_type + R"(","digest":")" + manifest.digest.to_string() + R"(","size":)" +
      std::to_string(manifest.size) + "}]}";
  reference.oci =
      ref("team/x@" +
          registry.put_manifest("team/x", "i", std::string(media_type::kImageIndex), index).to_string());
  EXPECT_EQ(pull().error().code, Code::kMismatch);
  reference.digest.reset();
  reference.size.reset();
  EXPECT_TRUE(pull());
}

TEST_F(PullForTest, WhatIsClaimedDoesNot) {
  reference.form = ReferenceForm::kStatusOciArtifact;
  reference.digest.reset();
  reference.size.reset();
  reference.claimed_digest = Digest::of("other").hex();
  reference.claimed_size = 0;
  ASSERT_TRUE(pull());
  EXPECT_EQ(read_file(out()), "content");
}

TEST_F(PullForTest, ASnapshotByItsLayerWhereverTheTagIs) {
  reference.form = ReferenceForm::kSnapshot;
  reference.oci = ref("team/x:1");
  ASSERT_TRUE(client().push(ref("team/x:1"), FileContent{write_file("in", "newer")}));
  const auto pulled = pull();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_file(out()), "content");
  const auto verified = cluster().verify(reference, client());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->bytes, 7U);
  registry.blobs.erase("team/x@" + layer.digest.to_string());
  EXPECT_EQ(pull().error().code, Code::kNotFound);
}

TEST_F(PullForTest, ByUrl) {
  reference.form = ReferenceForm::kStatusArtifact;
  reference.oci.reset();
  reference.url = "http://files.example/x.tar.gz";
  std::string body = "content";
  intercept = [&](const Sent& sent) -> std::optional<Answer> {
    if (sent.url != "http://files.example:80/x.tar.gz") return std::nullopt;
    return Answer{.body = body};
  };
  ASSERT_TRUE(pull());
  EXPECT_EQ(read_file(out()), "content");
  EXPECT_EQ(cluster().verify(reference, client())->bytes, 7U);
  std::filesystem::remove(out());
  body = "altered";
  EXPECT_EQ(pull().error().code, Code::kMismatch);
  EXPECT_EQ(cluster().verify(reference, client()).error().code, Code::kMismatch);
  EXPECT_FALSE(std::filesystem::exists(out()));
  reference.digest.reset();
  EXPECT_EQ(pull().error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina::cluster::testing
