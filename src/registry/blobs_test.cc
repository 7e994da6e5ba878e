// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;

class BlobsTest : public testing::Test {
 protected:
  RegistryServer server;
};

TEST_F(BlobsTest, ServesWhatWasPushed) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16}, std::size_t{17},
                                 std::size_t{64 * 1024}, std::size_t{64 * 1024 + 1}, std::size_t{700'000}}) {
    const std::string bytes = pattern(size);
    const Digest digest = server.push_blob("a", bytes);
    const Reply got = server.get(blob_path("a", digest));
    EXPECT_EQ(got.status, 200u) << size;
    EXPECT_EQ(got.body, bytes) << size;
    EXPECT_EQ(got.field("Content-Type"), "application/octet-stream");
    EXPECT_EQ(got.field("Docker-Content-Digest"), digest.to_string());
    EXPECT_EQ(got.field("ETag"), '"' + digest.to_string() + '"');
    EXPECT_EQ(got.field("Accept-Ranges"), "bytes");
    const Reply head = server.head(blob_path("a", digest));
    EXPECT_EQ(head.status, 200u) << size;
    EXPECT_EQ(head.field("Content-Length"), std::to_string(size));
    EXPECT_EQ(head.field("Docker-Content-Digest"), digest.to_string());
  }
}

TEST_F(BlobsTest, ReprDigestIsThatOfRfc9530) {
  const std::string path = blob_path("a", server.push_blob("a", ""));
  EXPECT_EQ(server.get(path).field("Repr-Digest"), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
}

TEST_F(BlobsTest, IsSeenInItsOwnRepositoryOnly) {
  const Digest digest = server.push_blob("a", "content");
  EXPECT_EQ(server.get(blob_path("b", digest)).status, 404u);
  EXPECT_EQ(server.get(blob_path("b", digest)).error_id(), "BLOB_UNKNOWN");
  EXPECT_EQ(server.head(blob_path("b", digest)).status, 404u);
  EXPECT_EQ(server.remove(blob_path("b", digest)).status, 404u);
}

TEST_F(BlobsTest, Ranges) {
  const std::string bytes = pattern(1000);
  const std::string path = blob_path("a", server.push_blob("a", bytes));
  struct Case {
    std::string range;
    unsigned status;
    std::size_t first, length;
    std::string content_range;
  };
  const Case cases[] = {
      {"bytes=0-0", 206, 0, 1, "bytes 0-0/1000"},
      {"bytes=10-19", 206, 10, 10, "bytes 10-19/1000"},
      {"bytes=990-", 206, 990, 10, "bytes 990-999/1000"},
      {"bytes=-10", 206, 990, 10, "bytes 990-999/1000"},
      {"bytes=-5000", 206, 0, 1000, "bytes 0-999/1000"},
      {"bytes=999-2000", 206, 999, 1, "bytes 999-999/1000"},
      {"bytes=1000-", 416, 0, 0, "bytes */1000"},
      {"bytes=5000-6000", 416, 0, 0, "bytes */1000"},
      {"bytes=500-0", 416, 0, 0, "bytes */1000"},
      {"bytes=-0", 416, 0, 0, "bytes */1000"},
      {"bytes=99999999999999999999-", 416, 0, 0, "bytes */1000"},
      // Overlapping or several ranges, another unit and what is no range at all: RFC 9110 lets us send
      // everything.
      {"bytes=0-9,5-15", 200, 0, 1000, ""},
      {"bytes=0-9,20-29", 200, 0, 1000, ""},
      {"lines=0-9", 200, 0, 1000, ""},
      {"bytes=a-b", 200, 0, 1000, ""},
      {"0-9", 200, 0, 1000, ""},
  };
  for (const Case& c : cases) {
    const Reply reply = server.get(path, {{"Range", c.range}});
    EXPECT_EQ(reply.status, c.status) << c.range;
    EXPECT_EQ(reply.field("Content-Range"), c.content_range) << c.range;
    if (c.status != 416) {
      EXPECT_EQ(reply.body, bytes.substr(c.first, c.length)) << c.range;
    }
  }
}

TEST_F(BlobsTest, RangesAcrossPieces) {
  const std::string bytes = pattern(700'000);
  const std::string path = blob_path("a", server.push_blob("a", bytes));
  for (const auto& [first, last] : {std::pair<std::size_t, std::size_t>{262'143, 262'144},
                                    {262'144, 524'287},
                                    {1, 699'998},
                                    {524'288, 699'999}}) {
    const Reply reply =
        server.get(path, {{"Range", "bytes=" + std::to_string(first) + '-' + std::to_string(last)}});
    EXPECT_EQ(reply.status, 206u);
    EXPECT_TRUE(reply.body == bytes.substr(first, last - first + 1)) << first << '-' << last;
  }
}

TEST_F(BlobsTest, Conditions) {
  const std::string bytes = "some content that is long enough";
  const Digest digest = server.push_blob("a", bytes);
  const std::string path = blob_path("a", digest);
  const std::string tag = '"' + digest.to_string() + '"';
  struct Case {
    std::string name, value;
    unsigned status;
  };
  for (const Case& c : {Case{"If-None-Match", tag, 304}, Case{"If-None-Match", "W/" + tag, 304},
                        Case{"If-None-Match", "\"x\", " + tag, 304}, Case{"If-None-Match", "*", 304},
                        Case{"If-None-Match", "\"x\"", 200}, Case{"If-None-Match", "x", 400}}) {
    const Reply reply = server.get(path, {{c.name, c.value}});
    EXPECT_EQ(reply.status, c.status) << c.value;
    EXPECT_EQ(server.head(path, {{c.name, c.value}}).status, c.status) << c.value;
    if (c.status == 304) {
      EXPECT_EQ(reply.field("ETag"), tag);
    }
  }
  EXPECT_EQ(server.get(path, {{"Range", "bytes=0-3"}, {"If-Range", tag}}).status, 206u);
  EXPECT_EQ(server.get(path, {{"Range", "bytes=0-3"}, {"If-Range", "\"other\""}}).status, 200u);
  EXPECT_EQ(server.get(path, {{"Range", "bytes=0-3"}, {"If-Range", "Tue, 24 Nov 2026 00:00:00 GMT"}}).status,
            200u);
  EXPECT_EQ(server.get(blob_path("b", digest), {{"If-None-Match", "*"}}).status, 404u)
      << "a condition tells nothing about another repository";
}

TEST_F(BlobsTest, RefusesWhatIsNoDigest) {
  const std::string hex(64, 'a');
  const std::string digests[] = {"sha256:" + hex.substr(1),
                                 "sha256:" + hex + 'a',
                                 "sha256:" + std::string(64, 'A'),
                                 "sha256:" + std::string(64, 'g'),
                                 "sha256:",
                                 "sha256",
                                 hex,
                                 ":" + hex,
                                 "md5:" + hex,
                                 "sha1:" + hex.substr(0, 40),
                                 "sha384:" + std::string(96, 'a'),
                                 "sha512:" + hex,
                                 "sha256:%20" + hex.substr(1),
                                 "SHA256:" + hex,
                                 "blake3:" + hex,
                                 "v1"};
  for (const std::string& digest : digests) {
    for (const std::string_view method : {"GET", "DELETE"}) {
      const Reply reply = server.request(method, "/v2/a/blobs/" + digest);
      EXPECT_EQ(reply.status, 400u) << method << ' ' << digest;
      EXPECT_EQ(reply.error_id(), "DIGEST_INVALID") << method << ' ' << digest;
    }
    EXPECT_EQ(server.head("/v2/a/blobs/" + digest).status, 400u) << digest;
  }
}

TEST_F(BlobsTest, DeleteThenHeadIsNotFoundAtOnce) {
  for (const std::string& bytes : {std::string("small"), pattern(1000), std::string(), std::string("{}")}) {
    const std::string path = blob_path("a", server.push_blob("a", bytes));
    EXPECT_EQ(server.remove(path).status, 202u);
    EXPECT_EQ(server.head(path).status, 404u);
    EXPECT_EQ(server.get(path).error_id(), "BLOB_UNKNOWN");
    EXPECT_EQ(server.remove(path).status, 404u);
  }
}

TEST_F(BlobsTest, DeleteIsRefusedWhereManifestsNameTheBlob) {
  const Manifest manifest = server.image("a", {"the layer"});
  const std::string layer = blob_path("a", manifest.layers.front().digest);
  const Digest named_by = server.push("a", "v1", manifest);
  const Reply refused = server.remove(layer);
  EXPECT_EQ(refused.status, 405u);
  EXPECT_EQ(refused.error_id(), "UNSUPPORTED");
  EXPECT_THAT(refused.body, HasSubstr("\"detail\":[\"" + named_by.to_string() + "\"]"));
  EXPECT_EQ(refused.field("Allow"), "GET, HEAD");
  EXPECT_EQ(server.head(layer).status, 200u);

  EXPECT_EQ(server.remove(manifest_path("a", named_by)).status, 202u);
  EXPECT_EQ(server.remove(layer).status, 202u);
  EXPECT_EQ(server.head(layer).status, 404u);
}

TEST_F(BlobsTest, ARefusedDeleteNamesTenManifestsAtMost) {
  Manifest manifest = server.image("a", {"the layer"});
  for (int i = 0; i < 12; ++i) {
    manifest.annotations["number"] = std::to_string(i);
    server.push("a", "", manifest);
  }
  const std::string message = server.remove(blob_path("a", manifest.layers.front().digest)).error_message();
  std::size_t digests = 0;
  for (std::size_t at = message.find("sha256:"); at != std::string::npos;
       at = message.find("sha256:", at + 1))
    ++digests;
  EXPECT_EQ(digests, 1u + 10u) << message;
}

}  // namespace
}  // namespace lamina::registry
