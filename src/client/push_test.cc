// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "client/testing/client_fixture.h"
#include "oci/json.h"

namespace lamina::client::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PushTest : public ClientTest {
 protected:
  FileContent hello() { return {write_file("hello.txt", "hello\n")}; }
  DirectoryContent tree() {
    write_file("tree/a.txt", "hello\n");
    return {.path = folder() / "tree", .pack = {}};
  }
  static std::string base() { return "http://127.0.0.1:5000/v2/r"; }
};

TEST_F(PushTest, FileInTheStandardSequence) {
  const auto published = client().push(ref("r:1"), hello());
  ASSERT_TRUE(published) << published.error().message;
  const std::string layer = Digest::of("hello\n").to_string(), config = Digest::of("{}").to_string();
  EXPECT_THAT(lines(), ElementsAre("GET http://127.0.0.1:5000/v2/", "HEAD " + base() + "/manifests/1",
                                   "HEAD " + base() + "/blobs/" + layer, "POST " + base() + "/blobs/uploads/",
                                   "PUT " + base() + "/blobs/uploads/1?state=s&digest=" + layer,
                                   "HEAD " + base() + "/manifests/1", "HEAD " + base() + "/blobs/" + config,
                                   "POST " + base() + "/blobs/uploads/",
                                   "PUT " + base() + "/blobs/uploads/2?state=s&digest=" + config,
                                   "PUT " + base() + "/manifests/1"));
  EXPECT_FALSE(published->unchanged);
  EXPECT_FALSE(published->one_request);
  EXPECT_EQ(registry.tags["r:1"], published->manifest.digest.to_string());
  EXPECT_EQ(registry.blobs["r@" + layer], "hello\n");
}

TEST_F(PushTest, UnchangedContentWritesNothing) {
  for (const bool lamina : {false, true}) {
    registry = {};
    registry.lamina = lamina;
    for (const Content& content : {Content(hello()), Content(tree())}) {
      ASSERT_TRUE(client().push(ref("r:1"), content));
      const std::size_t before = lines().size();
      const auto again = client().push(ref("r:1"), content);
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_TRUE(again->unchanged);
      for (std::size_t i = before; i < lines().size(); ++i) {
        EXPECT_TRUE(lines()[i].starts_with("HEAD ") || lines()[i].starts_with("GET ")) << lines()[i];
      }
    }
  }
}

TEST_F(PushTest, ContentThatTheRegistryFoundDamagedIsSentAnew) {
  for (const bool lamina : {false, true}) {
    registry = {};
    registry.lamina = lamina;
    for (const Content& content : {Content(hello()), Content(tree())}) {
      const auto published = client().push(ref("r:1"), content);
      ASSERT_TRUE(published) << published.error().message;
      const std::string blob = "r@" + published->layer.digest.to_string();
      ASSERT_EQ(registry.blobs.erase(blob), 1U);
      const auto again = client().push(ref("r:1"), content);
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_TRUE(registry.blobs.contains(blob));
    }
  }
}

TEST_F(PushTest, NewDirectoryIsStreamedByPatch) {
  const auto published = client().push(ref("r:1"), tree());
  ASSERT_TRUE(published) << published.error().message;
  const std::string layer = published->layer.digest.to_string();
  EXPECT_THAT(
      lines(),
      ElementsAre(
          "GET http://127.0.0.1:5000/v2/", "HEAD " + base() + "/manifests/1",
          "POST " + base() + "/blobs/uploads/", "PATCH " + base() + "/blobs/uploads/1?state=s",
          "PUT " + base() + "/blobs/uploads/1?state=s&digest=" + layer, "HEAD " + base() + "/manifests/1",
          "HEAD " + base() + "/blobs/" + Digest::of("{}").to_string(), "POST " + base() + "/blobs/uploads/",
          "PUT " + base() + "/blobs/uploads/2?state=s&digest=" + Digest::of("{}").to_string(),
          "PUT " + base() + "/manifests/1"));
  EXPECT_EQ(published->layer.media_type, media_type::kLayerTarGzip);
}

TEST_F(PushTest, SameTreeElsewhereIsTheSameArtifact) {
  const auto first = client().push(ref("r:1"), tree());
  write_file("other/a.txt", "hello\n");
  const auto second = client().push(ref("r:2"), DirectoryContent{.path = folder() / "other", .pack = {}});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->manifest.digest, second->manifest.digest);
}

TEST_F(PushTest, OneRequestWhereTheRegistryIsLamina) {
  registry.lamina = true;
  PushOptions options;
  options.identity = Identity{{"component-name", "github.com/acme/podinfo"}};
  options.ttl = std::chrono::seconds(60);
  const auto published = client().push(ref("r:1"), tree(), options);
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_TRUE(published->one_request);
  EXPECT_EQ(lines().back(), "POST " + base() + "/_lamina/publish");
  EXPECT_EQ(published->url, "http://127.0.0.1:5000/files/" + published->layer.digest.hex());
  EXPECT_THAT(registry.published_json,
              HasSubstr(R"("identity":{"component-name":"github.com/acme/podinfo"})"));
  EXPECT_THAT(registry.published_json, HasSubstr(R"("ttl":60)"));
}

TEST_F(PushTest, BothWaysGiveTheSameManifest) {
  PushOptions options;
  options.identity = Identity{{"resource-name", "x"}};
  options.annotations = {{"a", "b"}};
  for (const Profile profile : {Profile::kArtifact, Profile::kFlux, Profile::kHelm, Profile::kOcmV2}) {
    options.profile = profile;
    registry = {};
    const auto standard = Client(impl()).push(ref("r:1"), hello(), options);
    registry = {};
    registry.lamina = true;
    const auto one = Client(impl()).push(ref("r:1"), hello(), options);
    ASSERT_TRUE(standard && one) << (one ? "" : one.error().message);
    EXPECT_FALSE(standard->one_request);
    EXPECT_TRUE(one->one_request);
    EXPECT_EQ(standard->manifest.digest, one->manifest.digest);
  }
}

TEST_F(PushTest, KnownBytesAreNotSentToLaminaAgain) {
  registry.lamina = true;
  registry.put_blob("r", "hello\n");
  const auto published = client().push(ref("r:1"), hello());
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_FALSE(published->one_request);
  for (const Sent& request : sent()) EXPECT_NE(request.body, "hello\n");
}

TEST_F(PushTest, LaminaGivesTheLayerAUrlHoweverItWasPublished) {
  registry.lamina = true;
  const auto url = [&](const Published& published, const std::string& base) {
    return base + "/files/r/" + published.manifest.digest.to_string() + "/hello.txt";
  };
  PushOptions standard;
  standard.mode = PublishMode::kStandard;
  const auto published = Client(impl()).push(ref("r:1"), hello(), standard);
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->url, url(*published, "http://127.0.0.1:5000"));
  registry.advertise_url = "https://lamina.example/registry";
  const auto unchanged = Client(impl()).push(ref("r:1"), hello());
  ASSERT_TRUE(unchanged) << unchanged.error().message;
  EXPECT_TRUE(unchanged->unchanged);
  EXPECT_EQ(unchanged->url, url(*unchanged, registry.advertise_url));
  registry.lamina = false;
  EXPECT_EQ(Client(impl()).push(ref("r:1"), hello())->url, "");
}

TEST_F(PushTest, TellsWhatADirectoryLeavesOut) {
  const DirectoryContent content = tree();
  std::filesystem::create_symlink("a.txt", folder() / "tree/link");
  for (const bool lamina : {false, true}) {
    registry = {};
    registry.lamina = lamina;
    for (const bool unchanged : {false, true}) {
      const auto published = client().push(ref("r:1"), content);
      ASSERT_TRUE(published) << published.error().message;
      EXPECT_EQ(published->unchanged, unchanged);
      ASSERT_TRUE(published->packed);
      EXPECT_EQ(published->packed->dropped, 1U);
      EXPECT_THAT(published->packed->first_dropped, ElementsAre("link"));
    }
  }
  EXPECT_FALSE(client().push(ref("r:2"), hello())->packed);
}

TEST_F(PushTest, StreamIsHashedWhileItIsSent) {
  StringBody source("hello\n");
  const auto published = client().push(ref("r:1"), StreamContent{.source = &source, .size = 6});
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->layer.digest, Digest::of("hello\n"));
  EXPECT_EQ(published->layer.size, 6U);
  StringBody longer("hello\n!");
  const auto refused = client().push(ref("r:2"), StreamContent{.source = &longer, .size = 6});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kMismatch);
  EXPECT_FALSE(registry.tags.contains("r:2"));
}

TEST_F(PushTest, PreconditionsOfTheStandardSequence) {
  ASSERT_TRUE(client().push(ref("r:1"), hello()));
  const FileContent other{write_file("other.txt", "other")};
  PushOptions options;
  options.if_none_match = true;
  const auto exists = client().push(ref("r:1"), other, options);
  ASSERT_FALSE(exists);
  EXPECT_EQ(exists.error().code, Code::kPrecondition);
  EXPECT_FALSE(registry.blobs.contains("r@" + Digest::of("other").to_string()));
  // Decision 17: what is there already succeeds whatever the precondition.
  EXPECT_TRUE(client().push(ref("r:1"), hello(), options));
  options.if_none_match = false;
  options.if_match = Digest::of("x");
  EXPECT_EQ(client().push(ref("r:1"), other, options).error().code, Code::kPrecondition);
  options.if_match = Digest::parse(registry.tags["r:1"]).value();
  EXPECT_TRUE(client().push(ref("r:1"), other, options));
}

TEST_F(PushTest, DigestInTheReferenceBinds) {
  const std::string wrong = "r:1@" + Digest::of("x").to_string();
  for (const Content& content : {Content(hello()), Content(tree())}) {
    const auto refused = client().push(ref(wrong), content);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kMismatch);
    EXPECT_THAT(registry.manifests, IsEmpty());
  }
}

TEST_F(PushTest, LaminaOnlyOptionsAreRefusedElsewhere) {
  PushOptions options;
  options.ttl = std::chrono::seconds(1);
  EXPECT_EQ(client().push(ref("r:1"), hello(), options).error().code, Code::kUnsupported);
  options = {};
  options.mode = PublishMode::kOneRequest;
  EXPECT_EQ(client().push(ref("r:1"), hello(), options).error().code, Code::kUnsupported);
}

TEST_F(PushTest, UploadThatBreaksStartsAnewWithANewSession) {
  unsigned puts = 0;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method == "PUT" && request.url.find("uploads/1") != std::string::npos && ++puts == 1) {
      registry(request);  // The registry had it, its answer was lost, and the session is gone.
      registry.blobs.clear();
      return Answer{.refused = true};
    }
    return std::nullopt;
  };
  ASSERT_TRUE(client().push(ref("r:1"), hello()));
  EXPECT_EQ(registry.blobs["r@" + Digest::of("hello\n").to_string()], "hello\n");
  EXPECT_EQ(puts, 1U);
}

TEST_F(PushTest, DirectoryUploadThatBreaksIsPackedAgain) {
  unsigned patches = 0;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method == "PATCH" && ++patches == 1) return Answer{.status = 503};
    return std::nullopt;
  };
  const auto published = client().push(ref("r:1"), tree());
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(patches, 2U);
  EXPECT_EQ(Digest::of(registry.blobs["r@" + published->layer.digest.to_string()]), published->layer.digest);
}

TEST_F(PushTest, DirectoryThatChangesWhileItIsPushedIsAConflict) {
  const DirectoryContent content = tree();
  ASSERT_TRUE(client().push(ref("r:1"), content));
  write_file("tree/a.txt", "second");
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method == "POST") write_file("tree/b.txt", "a third state, after it was hashed");
    return std::nullopt;
  };
  const auto changed = client().push(ref("r:1"), content);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::kConflict);
}

TEST_F(PushTest, StreamUploadThatBreaksIsAnError) {
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method == "PATCH") return Answer{.status = 503};
    return std::nullopt;
  };
  StringBody source("hello\n");
  const auto failed = client().push(ref("r:1"), StreamContent{.source = &source, .size = {}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
}

TEST_F(PushTest, SubjectIsListedByTagWhereTheRegistryDoesNot) {
  PushOptions options;
  Descriptor subject = empty_descriptor();
  subject.data.reset();
  subject.media_type = media_type::kImageManifest;
  subject.digest = Digest::of("s");
  options.subject = subject;
  ASSERT_TRUE(client().push(ref("r:1"), hello(), options));
  EXPECT_FALSE(registry.tags.contains("r:sha256-" + subject.digest.hex()));

  registry = {};
  registry.referrers_api = false;
  const auto published = client().push(ref("r:1"), hello(), options);
  ASSERT_TRUE(published) << published.error().message;
  const auto listed = client().referrers(ref("r@" + subject.digest.to_string()));
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().digest, published->manifest.digest);
  EXPECT_EQ(listed->front().artifact_type, kDefaultArtifactType);
  EXPECT_THAT(client().referrers(ref("r@" + subject.digest.to_string()), "other/type").value(), IsEmpty());
}

TEST_F(PushTest, ProgressEndsAndCanCancel) {
  std::vector<Progress> seen;
  client_options.progress = [&](const Progress& progress) {
    seen.push_back(progress);
    return true;
  };
  ASSERT_TRUE(Client(impl()).push(ref("r:1"), hello()));
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(seen.back().finished);
  EXPECT_EQ(seen.back().done, 6U);
  client_options.progress = [](const Progress&) { return false; };
  EXPECT_EQ(Client(impl()).push(ref("r:2"), hello()).error().code, Code::kCancelled);
}

}  // namespace
}  // namespace lamina::client::testing
