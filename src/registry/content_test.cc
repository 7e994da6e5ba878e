// SPDX-License-Identifier: Apache-2.0
#include "registry/content.h"

#include <gmock/gmock.h>

#include "registry/testing/registry_server.h"
#include "store/checksum.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;

TEST(EntityTag, IsTheDigestInQuotes) {
  EXPECT_EQ(entity_tag(Digest::of("")),
            "\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"");
}

/// A blob in each of the two places where the store keeps bytes.
struct Stored {
  std::string bytes;
  std::size_t damaged;  // which byte
};
const Stored kStored[] = {
    {"inline bytes", 3},
    {pattern(1000), 999},
    {pattern(3 * store::kPieceBytes + 5), 2 * store::kPieceBytes + 7},
};

class QuarantineTest : public testing::TestWithParam<Stored> {
 protected:
  const std::string& bytes() const { return GetParam().bytes; }
  Digest digest() const { return Digest::of(bytes()); }
  void expect_quarantined() {
    const std::string path = blob_path("a", digest());
    EXPECT_EQ(server.head(path).status, 404u);
    for (const Fields& fields : {Fields{}, Fields{{"Range", "bytes=0-0"}}, Fields{{"If-None-Match", "*"}}}) {
      const Reply reply = server.get(path, fields);
      EXPECT_EQ(reply.status, 404u);
      EXPECT_EQ(reply.error_id(), "BLOB_UNKNOWN");
      EXPECT_THAT(reply.body, HasSubstr(R"("detail":["quarantined"])"));
    }
  }

  RegistryServer server;
};
INSTANTIATE_TEST_SUITE_P(Places, QuarantineTest, testing::ValuesIn(kStored), [](const auto& place) {
  return std::to_string(place.param.bytes.size()) + "Bytes";
});

TEST_P(QuarantineTest, DamagedBytesNeverEndCleanly) {
  server.push_blob("a", bytes());
  server.damage(digest(), GetParam().damaged);
  const Reply reply = server.get(blob_path("a", digest()));
  // Broken off, or refused before a byte was sent.
  EXPECT_TRUE(reply.status == 0 || reply.status == 500) << reply.status;
  EXPECT_THAT(server.failures(), testing::ElementsAre(HasSubstr(digest().to_string())));
  expect_quarantined();
}

TEST_P(QuarantineTest, ARangeThatHoldsTheDamageIsRefused) {
  server.push_blob("a", bytes());
  server.damage(digest(), GetParam().damaged);
  const std::string at = std::to_string(GetParam().damaged);
  const Reply reply = server.get(blob_path("a", digest()), {{"Range", "bytes=" + at + '-' + at}});
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.error_id(), "BLOB_UNKNOWN");
  expect_quarantined();
}

TEST_P(QuarantineTest, ABlobInQuarantineIsOfNoUseToManifestsAndMounts) {
  const Manifest manifest = server.image("a", {bytes()});
  server.damage(digest(), GetParam().damaged);
  (void)server.get(blob_path("a", digest()));
  const std::string put = serialize(manifest, FieldOrder::kOras);
  const Reply refused =
      server.request("PUT", "/v2/a/manifests/v1", {{"Content-Type", manifest.media_type}}, put);
  EXPECT_EQ(refused.status, 404u);
  EXPECT_EQ(refused.error_id(), "MANIFEST_BLOB_UNKNOWN");
  EXPECT_THAT(refused.body, HasSubstr(R"("detail":["quarantined"])"));
  for (const std::string_view from : {"", "&from=a"}) {
    const Reply mount =
        server.request("POST", "/v2/b/blobs/uploads/?mount=" + digest().to_string() + std::string(from));
    EXPECT_EQ(mount.status, 202u) << "the client is to send the bytes, which heals them";
  }
  EXPECT_EQ(server.head(blob_path("b", digest())).status, 404u);
}

TEST_P(QuarantineTest, PushingItAgainHealsItInEveryRepository) {
  const Manifest manifest = server.image("a", {bytes()});
  server.push("a", "v1", manifest);
  server.image("b", {bytes()});
  server.damage(digest(), GetParam().damaged);
  (void)server.get(blob_path("a", digest()));
  expect_quarantined();
  server.push_blob("b", bytes());
  for (const std::string_view repository : {"a", "b"}) {
    const Reply reply = server.get(blob_path(repository, digest()));
    EXPECT_EQ(reply.status, 200u) << repository;
    EXPECT_TRUE(reply.body == bytes()) << repository;
  }
  server.push("a", "v2", manifest);
}

TEST_P(QuarantineTest, APublishHealsToo) {
  const std::string path = "/v2/a/_lamina/publish?artifactType=a/b&tag=v1";
  ASSERT_EQ(server.request("POST", path, {}, bytes()).status, 201u);
  server.damage(digest(), GetParam().damaged);
  (void)server.get(blob_path("a", digest()));
  expect_quarantined();
  EXPECT_EQ(server.request("POST", path, {}, bytes()).status, 201u);
  EXPECT_TRUE(server.get(blob_path("a", digest())).body == bytes());
}

}  // namespace
}  // namespace lamina::registry
