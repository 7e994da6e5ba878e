// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "client/download.h"
#include "client/file.h"
#include "client/testing/client_fixture.h"

namespace lamina::client::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class StringSink final : public Sink {
 public:
  Result<void> write(std::span<const std::byte> piece) override {
    for (const std::byte byte : piece) bytes += static_cast<char>(byte);
    return {};
  }
  std::string bytes;
};

class StringSource final : public Source {
 public:
  explicit StringSource(std::string bytes) : body_(std::move(bytes)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return body_.read(buffer); }

 private:
  StringBody body_;
};

class PullTest : public ClientTest {
 protected:
  Published publish(const std::string& bytes, PushOptions push = {}) {
    push.media_type = "application/octet-stream";
    StringSource source(bytes);
    auto published = client().push(ref("r:1"), StreamContent{.source = &source, .size = bytes.size()}, push);
    EXPECT_TRUE(published) << published.error().message;
    return *std::move(published);
  }
  std::filesystem::path out() const { return folder() / "out"; }
};

std::string gzip(const std::string& bytes) {
  StringSink sink;
  GzipSink packer(sink);
  EXPECT_TRUE(packer.write(std::as_bytes(std::span(bytes))));
  EXPECT_TRUE(packer.finish());
  return sink.bytes;
}

TEST_F(PullTest, FileAppearsWholeAndReplacesAnother) {
  publish("content of the file");
  write_file("out", "old");
  const auto pulled = client().pull(ref("r:1"), FileDestination{out()});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_file(out()), "content of the file");
  EXPECT_EQ(pulled->bytes_written, 19U);
  EXPECT_EQ(pulled->layer.digest, Digest::of("content of the file"));
  EXPECT_THAT(names(), ElementsAre("out"));
}

TEST_F(PullTest, WrongBytesLeaveNothing) {
  const Published published = publish("right");
  registry.blobs["r@" + published.layer.digest.to_string()] = "wrong";
  write_file("out", "old");
  for (const Destination& to :
       {Destination(FileDestination{out()}), Destination(DirectoryDestination{folder() / "dir", {}})}) {
    const auto pulled = client().pull(ref("r:1"), to);
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().code, Code::kMismatch);
    EXPECT_EQ(read_file(out()), "old");
    EXPECT_THAT(names(), ElementsAre("out"));
  }
  StringSink sink;
  EXPECT_EQ(client().pull(ref("r:1"), StreamDestination{&sink}).error().code, Code::kMismatch);
  EXPECT_EQ(client().verify(ref("r:1")).error().code, Code::kMismatch);
}

TEST_F(PullTest, ShortAndLongBodiesAreMismatches) {
  const Published published = publish("right");
  for (const char* bytes : {"righ", "right!"}) {
    registry.blobs["r@" + published.layer.digest.to_string()] = bytes;
    const auto pulled = client().pull(ref("r:1"), FileDestination{out()});
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().code, Code::kMismatch) << bytes;
    EXPECT_EQ(pulled.error().about, About::kSize);
  }
}

TEST_F(PullTest, WrongManifestIsAMismatch) {
  const Published published = publish("right");
  registry.manifests["r@" + published.manifest.digest.to_string()].bytes += " ";
  EXPECT_EQ(
      client().pull(ref("r@" + published.manifest.digest.to_string()), FileDestination{out()}).error().code,
      Code::kMismatch);
}

TEST_F(PullTest, BrokenDownloadGoesOnWhereItBroke) {
  publish("0123456789abcdefghij");
  unsigned gets = 0;
  std::vector<std::string> asked;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method != "GET" || request.url.find("/blobs/") == std::string::npos) return std::nullopt;
    asked.push_back(request.header("Range") + "|" + request.header("If-Range"));
    Answer answer = registry(request);
    answer.headers.add("ETag", "\"e\"");
    if (++gets <= 2) answer.cut = 8;
    return answer;
  };
  const auto pulled = client().pull(ref("r:1"), FileDestination{out()});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_file(out()), "0123456789abcdefghij");
  EXPECT_THAT(asked, ElementsAre("|", "bytes=8-|\"e\"", "bytes=16-|\"e\""));
  EXPECT_EQ(pulled->bytes_received, 20U);
}

TEST_F(PullTest, ResumeFromARegistryWithoutRangesSkipsWhatIsThere) {
  publish("0123456789abcdefghij");
  registry.ranges = false;
  unsigned gets = 0;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method != "GET" || request.url.find("/blobs/") == std::string::npos) return std::nullopt;
    Answer answer = registry(request);
    if (++gets == 1) answer.cut = 8;
    return answer;
  };
  StringSink sink;
  const auto pulled = client().pull(ref("r:1"), StreamDestination{&sink});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(sink.bytes, "0123456789abcdefghij");
  EXPECT_EQ(pulled->bytes_received, 28U);
}

TEST_F(PullTest, RangeThatWasNotAskedForIsRefused) {
  publish("0123456789abcdefghij");
  unsigned gets = 0;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method != "GET" || request.url.find("/blobs/") == std::string::npos) return std::nullopt;
    if (++gets == 1) {
      Answer answer = registry(request);
      answer.cut = 8;
      return answer;
    }
    return Answer{.status = 206, .headers = {{"Content-Range", "bytes 9-19/20"}}, .body = "9abcdefghij"};
  };
  EXPECT_EQ(client().pull(ref("r:1"), FileDestination{out()}).error().code, Code::kMismatch);
}

TEST_F(PullTest, LargeFileComesInRangesAndIsVerifiedAsOne) {
  std::string large(kParallelFrom + 12'345, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>('a' + i / 4096 % 26);
  publish(large);
  std::vector<std::string> ranges;
  std::atomic<bool> broken = false;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method != "GET" || request.url.find("/blobs/") == std::string::npos) return std::nullopt;
    ranges.push_back(request.header("Range"));
    if (request.header("Range") == "bytes=16777216-33554431" && !broken.exchange(true)) {
      Answer answer = registry(request);
      answer.cut = 1000;
      return answer;
    }
    return std::nullopt;
  };
  const auto pulled = client().pull(ref("r:1"), FileDestination{out()});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(Digest::of(read_file(out())), Digest::of(large));
  EXPECT_EQ(pulled->bytes_received, large.size());
  EXPECT_EQ(ranges.front(), "bytes=0-16777215");
  EXPECT_THAT(ranges, UnorderedElementsAre("bytes=0-16777215", "bytes=16777216-33554431",
                                           "bytes=16778216-33554431", "bytes=33554432-50331647",
                                           "bytes=50331648-67108863", "bytes=67108864-67121208"));

  registry.ranges = false;  // Now the whole comes in one answer.
  ranges.clear();
  const auto whole = client().pull(ref("r:1"), FileDestination{out()});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_THAT(ranges, ElementsAre("bytes=0-16777215", ""));

  registry.ranges = true;
  registry.blobs["r@" + Digest::of(large).to_string()][40'000'000] = '!';
  const auto damaged = client().pull(ref("r:1"), FileDestination{folder() / "other"});
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::kMismatch);
  EXPECT_THAT(names(), ElementsAre("out"));
}

TEST_F(PullTest, LimitAndSpaceAreCheckedBeforeTheFirstByte) {
  publish("0123456789");
  PullOptions pull;
  pull.max_size = 9;
  EXPECT_EQ(client().pull(ref("r:1"), FileDestination{out()}, pull).error().code, Code::kTooLarge);
  EXPECT_EQ(client().pull_blob(ref("r"), Digest::of("0123456789"), FileDestination{out()}, pull).error().code,
            Code::kTooLarge);
  for (const std::string& line : lines()) {
    EXPECT_FALSE(line.starts_with("GET ") && line.find("/blobs/") != std::string::npos) << line;
  }
  pull.max_size = 10;
  EXPECT_TRUE(client().pull(ref("r:1"), FileDestination{out()}, pull));
  EXPECT_EQ(require_space(folder(), ~std::uint64_t{0}).error().code, Code::kNoSpace);
}

TEST_F(PullTest, UrlIsVerifiedBeforeItAppears) {
  std::string body = "content";
  intercept = [&](const Sent& sent) -> std::optional<Answer> {
    EXPECT_EQ(sent.line(), "GET http://files.example:80/a/x.tar.gz?v=1");
    return Answer{.body = body};
  };
  const std::string url = "http://files.example/a/x.tar.gz?v=1";
  const Digest digest = Digest::of("content");
  const auto pulled = client().pull_url(url, digest, {}, FileDestination{out()});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_file(out()), "content");
  EXPECT_EQ(pulled->layer.digest, digest);
  EXPECT_EQ(pulled->layer.size, 7U);

  std::filesystem::remove(out());
  EXPECT_EQ(client().pull_url(url, digest, 6, FileDestination{out()}).error().code, Code::kMismatch);
  body = "altered";
  EXPECT_EQ(client().pull_url(url, digest, 7, FileDestination{out()}).error().code, Code::kMismatch);
  EXPECT_TRUE(names().empty());
  EXPECT_EQ(client().pull_url("file:///etc/passwd", digest, 7, FileDestination{out()}).error().code,
            Code::kInvalid);
}

TEST_F(PullTest, UrlGetsNoCredentials) {
  client_options.credentials = fixed_credentials("files.example", {.username = "u", .password = "p"});
  intercept = [](const Sent& sent) -> std::optional<Answer> {
    EXPECT_EQ(sent.header("Authorization"), "");
    Answer answer{.status = 401};
    answer.headers.add("WWW-Authenticate", "Basic realm=\"r\"");
    return answer;
  };
  const auto pulled =
      client().pull_url("https://files.example/x", Digest::of("x"), {}, FileDestination{out()});
  EXPECT_EQ(pulled.error().code, Code::kUnauthorized);
}

TEST_F(PullTest, DecompressionOnRequest) {
  const std::string packed = gzip("plain text");
  publish(packed);
  PullOptions pull;
  pull.decompress = true;
  ASSERT_TRUE(client().pull(ref("r:1"), FileDestination{out()}, pull));
  EXPECT_EQ(read_file(out()), "plain text");
  StringSink sink;
  ASSERT_TRUE(client().pull_blob(ref("r"), Digest::of(packed), StreamDestination{&sink}, pull));
  EXPECT_EQ(sink.bytes, "plain text");
  registry.blobs["r@" + Digest::of(packed).to_string()] = gzip("other text");
  EXPECT_EQ(client().pull(ref("r:1"), StreamDestination{&sink}, pull).error().code, Code::kMismatch);
  EXPECT_EQ(client().pull(ref("r:1"), FileDestination{folder() / "new"}, pull).error().code, Code::kMismatch);
  EXPECT_THAT(names(), ElementsAre("out"));
}

TEST_F(PullTest, DirectoryComesBackAsItWas) {
  write_file("tree/a.txt", "hello\n");
  write_file("tree/b/c.txt", "more\n");
  for (const Profile profile : {Profile::kArtifact, Profile::kFlux, Profile::kOcmV1, Profile::kOcmV2}) {
    PushOptions push;
    push.profile = profile;
    ASSERT_TRUE(client().push(ref("r:1"), DirectoryContent{.path = folder() / "tree", .pack = {}}, push));
    std::filesystem::remove_all(folder() / "copy");
    const auto pulled = client().pull(ref("r:1"), DirectoryDestination{folder() / "copy/", {}});
    ASSERT_TRUE(pulled) << pulled.error().message;
    EXPECT_EQ(read_file(folder() / "copy/b/c.txt"), "more\n");
    EXPECT_EQ(pulled->unpacked->files, 2U);
  }
  EXPECT_THAT(names(), UnorderedElementsAre("tree", "copy"));
}

TEST_F(PullTest, DirectoryInUseIsRefusedBeforeTheFirstByte) {
  publish("content");
  write_file("used/file", "mine");
  const auto refused = client().pull(ref("r:1"), DirectoryDestination{folder() / "used", {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(lines().back(), HasSubstr("/manifests/"));
}

TEST_F(PullTest, LayerAndPlatformAreChosen) {
  const Published image = publish("linux");
  const std::string child = R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                            image.manifest.digest.to_string() + R"(","size":)" +
                            std::to_string(image.manifest.size) +
                            R"(,"platform":{"architecture":"amd64","os":"linux"}})";
  registry.put_manifest(
      "r", "i", std::string(media_type::kImageIndex),
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + child +
          "," + child + "]}");
  PullOptions pull;
  StringSink sink;
  const auto undecided = client().pull(ref("r:i"), StreamDestination{&sink}, pull);
  ASSERT_FALSE(undecided);
  EXPECT_THAT(undecided.error().message, HasSubstr("linux/amd64"));
  pull.platform = "linux/arm64";
  EXPECT_EQ(client().pull(ref("r:i"), StreamDestination{&sink}, pull).error().code, Code::kNotFound);
  pull.platform = "linux/amd64";
  ASSERT_TRUE(client().pull(ref("r:i"), StreamDestination{&sink}, pull));
  EXPECT_EQ(sink.bytes, "linux");
  pull.layer = 1;
  EXPECT_EQ(client().pull(ref("r:i"), StreamDestination{&sink}, pull).error().code, Code::kNotFound);
  pull.layer_media_type = "application/none";
  EXPECT_EQ(client().pull(ref("r:i"), StreamDestination{&sink}, pull).error().code, Code::kNotFound);

  const auto verified = client().verify(ref("r:i"));
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->manifests, 2U);
  EXPECT_EQ(verified->blobs, 2U);
}

}  // namespace
}  // namespace lamina::client::testing
