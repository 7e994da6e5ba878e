// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Longer than what the harness keeps inline, so that there are files to leave behind.
const std::string kContent = pattern(3000);
const Digest kDigest = Digest::of(kContent);

class UploadsTest : public testing::Test {
 protected:
  /// An upload of "a" that holds the first `size` bytes of kContent.
  std::string upload_with(std::size_t size) {
    const std::string path = server.begin_upload("a");
    if (size > 0) {
      EXPECT_EQ(server.request("PATCH", path, {}, kContent.substr(0, size)).status, 202u);
    }
    return path;
  }
  /// The bytes that the upload has; -1 where there is no such upload.
  long offset(const std::string& path) {
    const Reply reply = server.get(path);
    if (reply.status == 404) return -1;
    EXPECT_EQ(reply.status, 204u) << reply.body;
    const std::string range = reply.field("Range");
    return range == "0-0" ? 0 : std::stol(range.substr(2)) + 1;
  }
  /// Sends the rest of kContent and checks that the blob is whole.
  void finish_from(const std::string& path, std::size_t at) {
    const Reply reply = server.request("PUT", path + "?digest=" + kDigest.to_string(), {},
                                       std::string_view(kContent).substr(at));
    EXPECT_EQ(reply.status, 201u) << reply.body;
    EXPECT_TRUE(server.get(blob_path("a", kDigest)).body == kContent);
  }
  /// Nothing of any upload is left, and the blob is not there.
  void expect_nothing_stored() {
    EXPECT_EQ(server.head(blob_path("a", kDigest)).status, 404u);
    EXPECT_EQ(server.store().count(meta::Table::kUploads), 0u);
    EXPECT_EQ(server.store().count(meta::Table::kBlobs), 0u);
    EXPECT_THAT(server.store().blobs->list_uploads().value(), IsEmpty());
  }
  std::string head_of(std::string_view method, std::string_view target, const std::string& fields) {
    return std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: registry\r\n" + fields +
           "\r\n";
  }

  RegistryServer server;
};

TEST_F(UploadsTest, InOneRequest) {
  const Reply reply =
      server.request("POST", "/v2/a/blobs/uploads/?digest=" + kDigest.to_string(), {}, kContent);
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.field("Location"), blob_path("a", kDigest));
  EXPECT_EQ(reply.field("Docker-Content-Digest"), kDigest.to_string());
  EXPECT_TRUE(server.get(reply.field("Location")).body == kContent);
  EXPECT_EQ(server.store().count(meta::Table::kUploads), 0u);
}

TEST_F(UploadsTest, InTwoRequests) {
  const Reply begun = server.request("POST", "/v2/a/blobs/uploads/");
  EXPECT_EQ(begun.status, 202u);
  EXPECT_EQ(begun.field("Range"), "0-0");
  const Reply reply =
      server.request("PUT", begun.field("Location") + "?digest=" + kDigest.to_string(), {}, kContent);
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.field("Docker-Content-Digest"), kDigest.to_string());
  EXPECT_EQ(offset(begun.field("Location")), -1) << "the upload is over";
}

TEST_F(UploadsTest, InChunksWithAndWithoutContentRange) {
  const std::string path = server.begin_upload("a");
  const Reply first = server.request("PATCH", path, {{"Content-Range", "0-999"}}, kContent.substr(0, 1000));
  EXPECT_EQ(first.status, 202u);
  EXPECT_EQ(first.field("Range"), "0-999");
  EXPECT_EQ(first.field("Location"), path);
  EXPECT_EQ(server.request("PATCH", path, {}, kContent.substr(1000, 500)).field("Range"), "0-1499");
  EXPECT_EQ(
      server.request("PATCH", path, {{"Transfer-Encoding", "chunked"}}, chunked(kContent.substr(1500, 500)))
          .field("Range"),
      "0-1999");
  EXPECT_EQ(offset(path), 2000);
  const Reply last = server.request("PUT", path + "?digest=" + kDigest.to_string(),
                                    {{"Content-Range", "2000-2999"}}, kContent.substr(2000));
  EXPECT_EQ(last.status, 201u) << last.body;
  EXPECT_TRUE(server.get(blob_path("a", kDigest)).body == kContent);
}

TEST_F(UploadsTest, Sha512InAllWays) {
  const std::string digest = Digest::of(kContent, Algorithm::kSha512).to_string();
  EXPECT_EQ(server.request("POST", "/v2/a/blobs/uploads/?digest=" + digest, {}, kContent).status, 201u);
  EXPECT_EQ(server.request("PUT", server.begin_upload("b") + "?digest=" + digest, {}, kContent).status, 201u)
      << "the algorithm comes to light with the last request only";
  const Reply begun = server.request("POST", "/v2/c/blobs/uploads/?digest-algorithm=sha512");
  EXPECT_EQ(server.request("PATCH", begun.field("Location"), {}, kContent).status, 202u);
  EXPECT_EQ(server.request("PUT", begun.field("Location") + "?digest=" + digest).status, 201u);
  for (const std::string_view repository : {"a", "b", "c"}) {
    const Reply reply = server.get("/v2/" + std::string(repository) + "/blobs/" + digest);
    EXPECT_TRUE(reply.body == kContent) << repository;
    EXPECT_EQ(reply.field("Docker-Content-Digest"), digest);
    EXPECT_THAT(reply.field("Repr-Digest"), testing::StartsWith("sha-512=:"));
  }
  EXPECT_EQ(server.get(blob_path("a", kDigest)).status, 404u) << "no look-up across algorithms";
}

TEST_F(UploadsTest, AWrongDigestEndsTheUploadAndStoresNothing) {
  const std::string wrong = Digest::of("other").to_string();
  const std::string path = upload_with(3000);
  const Reply put = server.request("PUT", path + "?digest=" + wrong);
  EXPECT_EQ(put.status, 400u);
  EXPECT_EQ(put.error_id(), "DIGEST_INVALID");
  EXPECT_THAT(put.error_message(), HasSubstr(kDigest.to_string()));
  EXPECT_EQ(offset(path), -1);
  const Reply post = server.request("POST", "/v2/a/blobs/uploads/?digest=" + wrong, {}, kContent);
  EXPECT_EQ(post.status, 400u);
  EXPECT_EQ(post.error_id(), "DIGEST_INVALID");
  EXPECT_EQ(server.head("/v2/a/blobs/" + wrong).status, 404u);
  expect_nothing_stored();
}

TEST_F(UploadsTest, AMalformedOrMissingDigestLeavesTheUploadAsItIs) {
  const std::string path = upload_with(1000);
  const std::string hex(64, 'a');
  for (const std::string& query : {std::string(), std::string("?digest="), std::string("?digest=sha256:abc"),
                                   "?digest=sha256:" + std::string(64, 'A'), "?digest=md5:" + hex.substr(32),
                                   "?digest=sha384:" + hex + hex.substr(32), "?digest=sha256-" + hex,
                                   "?digest=sha512:" + hex, std::string("?Digest=") + kDigest.to_string()}) {
    const Reply reply = server.request("PUT", path + query, {}, kContent.substr(1000));
    EXPECT_EQ(reply.status, 400u) << query;
    EXPECT_EQ(reply.error_id(), "DIGEST_INVALID") << query;
  }
  EXPECT_EQ(offset(path), 1000);
  finish_from(path, 1000);
}

TEST_F(UploadsTest, StartRefusesWhatIsMalformed) {
  const std::string digest = kDigest.to_string();
  const std::pair<std::string, std::string> cases[] = {
      {"?digest=sha256:abc", "DIGEST_INVALID"},
      {"?digest=md5:d41d8cd98f00b204e9800998ecf8427e", "DIGEST_INVALID"},
      {"?mount=abc&from=b", "DIGEST_INVALID"},
      {"?mount=" + digest + "&from=_b", "NAME_INVALID"},
      {"?mount=" + digest + "&from=..", "NAME_INVALID"},
      {"?mount=" + digest + "&from=" + std::string(256, 'b'), "NAME_INVALID"},
      {"?digest-algorithm=md5", "DIGEST_INVALID"},
      {"?digest-algorithm=", "DIGEST_INVALID"},
  };
  for (const auto& [query, id] : cases) {
    const Reply reply = server.request("POST", "/v2/a/blobs/uploads/" + query, {}, kContent);
    EXPECT_EQ(reply.status, 400u) << query;
    EXPECT_EQ(reply.error_id(), id) << query;
  }
  expect_nothing_stored();
}

struct ChunkCase {
  std::string range;
  std::size_t size;  // of the body, which goes on from byte 1000 of the content
  unsigned status;
  std::string id;
};

// Of an upload that has 1000 bytes.
const ChunkCase kBadChunks[] = {
    {"0-499", 500, 416, "BLOB_UPLOAD_INVALID"},      // goes back
    {"500-1499", 1000, 416, "BLOB_UPLOAD_INVALID"},  // overlaps
    {"1001-1500", 500, 416, "BLOB_UPLOAD_INVALID"},  // ahead of the end
    {"5000-5499", 500, 416, "BLOB_UPLOAD_INVALID"},  // far ahead
    {"1000-1499", 499, 400, "SIZE_INVALID"},         // shorter than announced
    {"1000-1499", 501, 400, "SIZE_INVALID"},         // longer
    {"1000-1499", 0, 400, "SIZE_INVALID"},           // nothing at all
    {"1000-999", 500, 400, "BLOB_UPLOAD_INVALID"},   // ends before it begins
    {"1000", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"1000-", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"-500", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"bytes 1000-1499/3000", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"1000-1499/3000", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"1000-1499,1500-1999", 1000, 400, "BLOB_UPLOAD_INVALID"},
    {"a-b", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"+1000-1499", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"1000-99999999999999999999", 500, 400, "BLOB_UPLOAD_INVALID"},
    {"0-18446744073709551615", 500, 400, ""},  // 2^64 bytes, a length that no number holds
};

TEST_F(UploadsTest, ChunksThatDoNotFit) {
  const std::string path = upload_with(1000);
  for (const std::string_view method : {"PATCH", "PUT"}) {
    const std::string target = method == "PUT" ? path + "?digest=" + kDigest.to_string() : path;
    for (const ChunkCase& c : kBadChunks) {
      const Reply reply =
          server.request(method, target, {{"Content-Range", c.range}}, kContent.substr(1000, c.size));
      EXPECT_EQ(reply.status, c.status) << method << ' ' << c.range << ": " << reply.body;
      if (!c.id.empty()) {
        EXPECT_EQ(reply.error_id(), c.id) << method << ' ' << c.range;
      }
      if (c.status == 416) {
        EXPECT_EQ(reply.field("Range"), "0-999") << c.range;
        EXPECT_EQ(reply.field("Location"), path) << c.range;
      }
      EXPECT_EQ(offset(path), 1000) << method << ' ' << c.range;
    }
  }
  finish_from(path, 1000);
}

TEST_F(UploadsTest, AStreamedChunkIsCheckedAgainstItsContentRange) {
  const std::string path = upload_with(1000);
  const Reply longer =
      server.request("PATCH", path, {{"Content-Range", "1000-1499"}, {"Transfer-Encoding", "chunked"}},
                     chunked(kContent.substr(1000, 600)));
  EXPECT_EQ(longer.status, 400u);
  EXPECT_EQ(longer.error_id(), "SIZE_INVALID");
  EXPECT_EQ(offset(path), 1500) << "what was announced and came is kept";
  const Reply shorter = server.request("PUT", path + "?digest=" + kDigest.to_string(),
                                       {{"Content-Range", "1500-2999"}, {"Transfer-Encoding", "chunked"}},
                                       chunked(kContent.substr(1500, 100)));
  EXPECT_EQ(shorter.status, 400u);
  EXPECT_EQ(shorter.error_id(), "SIZE_INVALID");
  EXPECT_EQ(offset(path), 1600);
  finish_from(path, 1600);
}

TEST_F(UploadsTest, UnknownUploads) {
  const std::string other = server.begin_upload("b");
  const std::string id = other.substr(other.rfind('/') + 1);
  for (const std::string& unknown :
       {std::string("x"), std::string(32, 'f'), std::string(31, '0'), std::string(33, '0'),
        std::string(32, 'G'), std::string(1000, '0'), id}) {
    for (const std::string_view method : {"GET", "HEAD", "PATCH", "PUT", "DELETE"}) {
      const Reply reply = server.request(
          method, "/v2/a/blobs/uploads/" + unknown + "?digest=" + kDigest.to_string(), {}, kContent);
      EXPECT_EQ(reply.status, 404u) << method << ' ' << unknown;
      if (method != "HEAD") {
        EXPECT_EQ(reply.error_id(), "BLOB_UPLOAD_UNKNOWN") << method << ' ' << unknown;
      }
    }
  }
  EXPECT_EQ(offset(other), 0) << "the id of another repository is of no use";
}

TEST_F(UploadsTest, Cancel) {
  const std::string path = upload_with(2000);
  EXPECT_EQ(server.remove(path).status, 204u);
  EXPECT_EQ(server.remove(path).status, 404u);
  EXPECT_EQ(server.request("PATCH", path, {}, "x").status, 404u);
  expect_nothing_stored();
}

TEST_F(UploadsTest, AnUploadGoesOnWhereAClientLeft) {
  const std::string path = upload_with(1000);
  struct Case {
    std::string method, fields, body;
    long offset;
  };
  const std::string digest = "?digest=" + kDigest.to_string();
  const Case cases[] = {
      {"PATCH", "Content-Length: 2000\r\n", kContent.substr(1000, 300), 1300},
      {"PUT", "Content-Length: 1700\r\n", kContent.substr(1300, 200), 1500},
      {"PATCH", "Content-Range: 1500-2999\r\nContent-Length: 1500\r\n", kContent.substr(1500, 100), 1600},
      {"PATCH", "Transfer-Encoding: chunked\r\n", "64\r\n" + kContent.substr(1600, 100) + "\r\n", 1700},
      {"PATCH", "Transfer-Encoding: chunked\r\n", "64\r\n" + kContent.substr(1700, 50), 1750},
      {"PATCH", "Transfer-Encoding: chunked\r\n", "no chunk", 1750},
      {"PUT", "Content-Length: 1250\r\n", "", 1750},
  };
  for (const Case& c : cases) {
    http::RawClient client = server.connect();
    ASSERT_TRUE(client.send(head_of(c.method, c.method == "PUT" ? path + digest : path, c.fields) + c.body));
    client.half_close();
    // The answer tells that the server is done with the request.
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer) << c.fields;
    EXPECT_EQ(answer->status, 400u) << c.fields;
    EXPECT_EQ(Reply{*answer}.error_id(), "UNSUPPORTED") << answer->body;
    EXPECT_EQ(offset(path), c.offset) << c.method << ' ' << c.fields;
    EXPECT_EQ(server.head(blob_path("a", kDigest)).status, 404u);
  }
  finish_from(path, 1750);
}

TEST_F(UploadsTest, AResetIsNoticedAndLosesTheRequestOnly) {
  const std::string path = upload_with(1000);
  http::RawClient client = server.connect();
  ASSERT_TRUE(client.send(head_of("PATCH", path, "Content-Length: 2000\r\nExpect: 100-continue\r\n")));
  const auto go_on = client.read_head(true);
  ASSERT_TRUE(go_on);
  EXPECT_EQ(go_on->status, 100u);
  client.vanish();
  // Until the server notices, the upload has a writer: 409.
  Reply reply;
  do {
    reply = server.request("PATCH", path, {{"Content-Range", "1000-1999"}}, kContent.substr(1000, 1000));
  } while (reply.status == 409);
  EXPECT_EQ(reply.status, 202u) << reply.body;
  finish_from(path, 2000);
}

TEST_F(UploadsTest, ADirectUploadThatBreaksOffLeavesNothing) {
  for (const std::string& fields :
       {std::string("Content-Length: 3000\r\n"), std::string("Transfer-Encoding: chunked\r\n")}) {
    http::RawClient client = server.connect();
    const std::string body =
        fields.starts_with('T') ? "3e8\r\n" + kContent.substr(0, 1000) + "\r\n" : kContent.substr(0, 1000);
    ASSERT_TRUE(
        client.send(head_of("POST", "/v2/a/blobs/uploads/?digest=" + kDigest.to_string(), fields) + body));
    client.half_close();
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400u);
    expect_nothing_stored();
  }
}

TEST_F(UploadsTest, BytesBeyondTheContentLengthAreNoPartOfTheUpload) {
  const std::string path = upload_with(0);
  http::RawClient client = server.connect();
  ASSERT_TRUE(client.send(head_of("PATCH", path, "Content-Length: 1000\r\n") + kContent));
  const auto accepted = client.read_answer();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->status, 202u);
  const auto refused = client.read_answer();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 400u) << "the rest is taken for a request, and is none";
  EXPECT_EQ(offset(path), 1000);
  finish_from(path, 1000);
}

TEST_F(UploadsTest, OneWriterAtATime) {
  const std::string path = upload_with(1000);
  http::RawClient client = server.connect();
  ASSERT_TRUE(client.send(head_of("PATCH", path, "Content-Length: 1000\r\nExpect: 100-continue\r\n")));
  ASSERT_TRUE(client.read_head(true)) << "the server reads the body, so the upload has its writer";
  for (const std::string_view method : {"PATCH", "PUT", "DELETE"}) {
    const Reply reply = server.request(method, path + "?digest=" + kDigest.to_string());
    EXPECT_EQ(reply.status, 409u) << method;
    EXPECT_EQ(reply.error_id(), "BLOB_UPLOAD_INVALID") << method;
  }
  EXPECT_EQ(offset(path), 1000) << "the status can be asked for meanwhile";
  const auto answer = client.ask(kContent.substr(1000, 1000));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 202u);
  finish_from(path, 2000);
}

TEST_F(UploadsTest, MountTakesWhatAnotherRepositoryHolds) {
  server.push_blob("b", kContent);
  const std::string mount = "/blobs/uploads/?mount=" + kDigest.to_string();
  const Reply with_from = server.request("POST", "/v2/a" + mount + "&from=b");
  EXPECT_EQ(with_from.status, 201u);
  EXPECT_EQ(with_from.field("Location"), blob_path("a", kDigest));
  EXPECT_EQ(with_from.field("Docker-Content-Digest"), kDigest.to_string());
  EXPECT_TRUE(server.get(blob_path("a", kDigest)).body == kContent);
  EXPECT_EQ(server.request("POST", "/v2/c" + mount).status, 201u) << "without from";
  EXPECT_EQ(server.get(blob_path("c", kDigest)).status, 200u);
}

TEST_F(UploadsTest, MountOfWhatIsNotThereBeginsAnUpload) {
  server.push_blob("b", kContent);
  const std::string absent = Digest::of("absent").to_string();
  for (const std::string& query : {"?mount=" + absent, "?mount=" + absent + "&from=b",
                                   "?mount=" + kDigest.to_string() + "&from=nobody"}) {
    const Reply reply = server.request("POST", "/v2/a/blobs/uploads/" + query);
    EXPECT_EQ(reply.status, 202u) << query;
    finish_from(reply.field("Location"), 0);
    EXPECT_EQ(server.remove(blob_path("a", kDigest)).status, 202u);
  }
}

TEST_F(UploadsTest, AFullDiskIsSaidAndTheUploadGoesOnLater) {
  const std::string path = upload_with(1000);
  server.store().files.set_fault([](const fs::Call& call) -> std::optional<Error> {
    if (call.operation != fs::Operation::kWrite) return std::nullopt;
    return Error{Code::kNoSpace, About::kNothing, "no space left on the volume"};
  });
  const Reply reply = server.request("PATCH", path, {}, kContent.substr(1000));
  EXPECT_EQ(reply.status, 507u);
  EXPECT_EQ(reply.error_id(), "DENIED");
  server.store().files.set_fault({});
  const long kept = offset(path);
  ASSERT_GE(kept, 1000);
  finish_from(path, static_cast<std::size_t>(kept));
}

}  // namespace
}  // namespace lamina::registry
