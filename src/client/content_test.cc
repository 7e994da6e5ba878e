// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/client_fixture.h"

namespace lamina::client::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

/// Lists, search, copy and removal.
class ContentTest : public ClientTest {
 protected:
  Published publish(const std::string& reference, const std::string& bytes, const PushOptions& push = {}) {
    auto published = client().push(ref(reference), FileContent{write_file("content", bytes)}, push);
    EXPECT_TRUE(published) << published.error().message;
    return *std::move(published);
  }
  /// Answers GETs whose URL ends with `suffix`.
  void serve(std::map<std::string, Answer> pages) {
    intercept = [pages = std::move(pages)](const Sent& request) -> std::optional<Answer> {
      for (const auto& [suffix, answer] : pages) {
        if (request.method == "GET" && request.url.ends_with(suffix)) return answer;
      }
      return std::nullopt;
    };
  }
};

TEST_F(ContentTest, TagsFollowLinks) {
  serve({{"/v2/r/tags/list",
          {.headers = {{"Link", "</v2/r/tags/list?last=b>; rel=\"next\""}},
           .body = R"({"name":"r","tags":["a","b"]})"}},
         {"?last=b", {.body = R"({"name":"r","tags":["c"]})"}},
         {"?n=1",
          {.headers = {{"Link", "</v2/r/tags/list?n=1&last=a>; rel=\"next\""}}, .body = R"({"tags":["a"]})"}},
         {"/v2/e/tags/list", {.body = R"({"name":"e","tags":null})"}}});
  const auto tags = client().tags(ref("r"));
  ASSERT_TRUE(tags) << tags.error().message;
  ASSERT_EQ(tags->size(), 3U);
  EXPECT_EQ(tags->back().str(), "c");
  EXPECT_EQ(client().tags(ref("r"), 1)->size(), 1U);
  EXPECT_TRUE(client().tags(ref("e"))->empty());
  EXPECT_EQ(client().tags(ref("none")).error().code, Code::kNotFound);
}

TEST_F(ContentTest, EndlessAndForeignPagesAreGivenUp) {
  serve({{"/v2/_catalog",
          {.headers = {{"Link", "</v2/_catalog>; rel=next"}}, .body = R"({"repositories":["a"]})"}}});
  EXPECT_EQ(client().repositories("127.0.0.1:5000").error().code, Code::kUnavailable);
  serve({{"/v2/_catalog",
          {.headers = {{"Link", "<http://other/v2/_catalog>; rel=next"}},
           .body = R"({"repositories":["a"]})"}}});
  EXPECT_EQ(client().repositories("127.0.0.1:5000").error().code, Code::kUnavailable);
  unsigned page = 0;
  intercept = [&](const Sent&) -> std::optional<Answer> {
    return Answer{.headers = {{"Link", "</v2/_catalog?last=" + std::to_string(++page) + ">; rel=next"}},
                  .body = "{}"};
  };
  EXPECT_EQ(client().repositories("127.0.0.1:5000").error().code, Code::kUnavailable);
  EXPECT_EQ(page, 10'000U);
}

TEST_F(ContentTest, MalformedListsAreErrors) {
  for (const char* body : {"", "[", R"({"tags":{}})", R"({"tags":[1]})", R"({"tags":["bad tag"]})"}) {
    serve({{"/v2/r/tags/list", {.body = body}}});
    EXPECT_EQ(client().tags(ref("r")).error().code, Code::kInvalid) << body;
  }
}

TEST_F(ContentTest, DerivedNameFindsAWholeIdentityAnywhere) {
  PushOptions push;
  push.identity = Identity{{"component-name", "acme"}, {"resource-version", "1+2"}};
  const Reference where = reference_of("127.0.0.1:5000", *push.identity).value();
  EXPECT_EQ(where.tag->str(), "1_2");
  ASSERT_TRUE(client().push(where, FileContent{write_file("x", "x")}, push));
  FindOptions find;
  find.tag = where.tag;
  const auto found = client().find("127.0.0.1:5000", *push.identity, find);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().identity, push.identity);
  EXPECT_EQ(found->front().layer->digest, Digest::of("x"));
  EXPECT_EQ(found->front().url, "");
  registry.lamina = true;
  FindOptions exact = find;
  exact.mode = FindMode::kDerived;
  exact.limit = 0;  // None.
  const auto with_url = Client(impl()).find("127.0.0.1:5000", *push.identity, exact);
  ASSERT_TRUE(with_url) << with_url.error().message;
  ASSERT_EQ(with_url->size(), 1U);
  EXPECT_EQ(with_url->front().url, "http://127.0.0.1:5000/files/" + where.repository.str() + "/" +
                                       found->front().manifest.digest.to_string() + "/x");
  registry.lamina = false;
  find.tag = Tag::parse("other").value();
  EXPECT_TRUE(client().find("127.0.0.1:5000", *push.identity, find)->empty());
  find.tag.reset();
  EXPECT_TRUE(client().find("127.0.0.1:5000", Identity{{"a", "b"}}, find)->empty());
  find.mode = FindMode::kSearch;
  EXPECT_EQ(client().find("127.0.0.1:5000", *push.identity, find).error().code, Code::kUnsupported);
}

TEST_F(ContentTest, ForeignIdentityUnderACollidingNameIsNotFound) {
  PushOptions push;
  push.identity = Identity{{"a", "b"}};
  Reference where = reference_of("127.0.0.1:5000", Identity{{"c", "d"}}, NamingScheme::kOcmV1).value();
  ASSERT_TRUE(client().push(where, FileContent{write_file("x", "x")}, push));
  FindOptions find;
  find.scheme = NamingScheme::kOcmV1;
  find.tag = where.tag;
  EXPECT_TRUE(client().find("127.0.0.1:5000", Identity{{"c", "d"}}, find)->empty());
}

TEST_F(ContentTest, SearchOnLaminaFollowsPages) {
  registry.lamina = true;
  const std::string digest = Digest::of("m").to_string(), layer = Digest::of("l").to_string();
  const std::string artifact =
      R"({"repository":"r","digest":")" + digest +
      R"(","mediaType":"t","size":3,"tags":["1"],"identity":{"a":"b","c":"d"},"layer":{"mediaType":"l","digest":")" +
      layer + R"(","size":5},"url":"/files/x"})";
  serve({{"identity=a%3Db&n=1000",
          {.headers = {{"Link", "</v2/_lamina/search?last=x>; rel=\"next\""}},
           .body = R"({"artifacts":[)" + artifact + "]}"}},
         {"search?last=x", {.body = R"({"artifacts":[)" + artifact + "]}"}}});
  const auto found = client().find("127.0.0.1:5000", Identity{{"a", "b"}});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->front().manifest.digest.to_string(), digest);
  EXPECT_EQ(found->front().identity, (Identity{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(found->front().layer->size, 5U);
  EXPECT_EQ(found->front().url, "http://127.0.0.1:5000/files/x");
  EXPECT_EQ(client().find("127.0.0.1:5000", {}).error().code, Code::kInvalid);
}

TEST_F(ContentTest, CopyWithinARegistryMounts) {
  const Published published = publish("from:1", "content");
  const auto copied = client().copy(ref("from:1"), ref("to"));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->blobs_mounted, 2U);
  EXPECT_EQ(copied->bytes, 0U);
  EXPECT_EQ(registry.tags["to:1"], published.manifest.digest.to_string());
  const auto again = client().copy(ref("from:1"), ref("to"));
  EXPECT_EQ(again->manifests, 0U);
}

TEST_F(ContentTest, CopyStreamsWhatCannotBeMounted) {
  const Published published = publish("from:1", "content");
  registry.can_mount = false;
  unsigned gets = 0;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    const bool layer = request.method == "GET" && request.url.ends_with(published.layer.digest.to_string());
    if (!layer || ++gets > 1) return std::nullopt;
    Answer answer = registry(request);
    answer.cut = 3;
    return answer;
  };
  const auto copied = client().copy(ref("from:1"), ref("to:2"));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->blobs_copied, 2U);
  EXPECT_EQ(registry.blobs["to@" + published.layer.digest.to_string()], "content");
  EXPECT_TRUE(registry.uploads.empty());
}

TEST_F(ContentTest, CopyOfAnIndexKeepsBytes) {
  const Published image = publish("from:1", "content");
  const std::string bytes =
      R"({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"mediaType":")" +
      image.manifest.media_type + R"(","size":)" + std::to_string(image.manifest.size) + R"(,"digest":")" +
      image.manifest.digest.to_string() + "\"}]}";
  const Digest index = registry.put_manifest("from", "i", std::string(media_type::kImageIndex), bytes);
  const auto copied = client().copy(ref("from:i"), ref("to:i"));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->manifests, 2U);
  EXPECT_EQ(registry.manifests["to@" + index.to_string()].bytes, bytes);
  EXPECT_TRUE(registry.manifests.contains("to@" + image.manifest.digest.to_string()));
  EXPECT_EQ(client().copy(ref("from:i"), ref("to@" + image.manifest.digest.to_string())).error().code,
            Code::kMismatch);
}

TEST_F(ContentTest, CopyTakesReferrersAlong) {
  registry.referrers_api = false;
  const Published subject = publish("from:1", "content");
  PushOptions push;
  push.subject = subject.manifest;
  push.subject->artifact_type.clear();
  const Published referrer = publish("from:sig", "signature", push);
  ASSERT_TRUE(client().copy(ref("from:1"), ref("to:1"), {.referrers = true}));
  EXPECT_TRUE(registry.manifests.contains("to@" + referrer.manifest.digest.to_string()));
  EXPECT_EQ(client().referrers(ref("to:1"))->front().digest, referrer.manifest.digest);
}

TEST_F(ContentTest, CopyTakesReferrersOfTheChildrenOfAnIndexAlong) {
  registry.referrers_api = false;
  const Published child = publish("from:child", "content");
  PushOptions push;
  push.subject = child.manifest;
  push.subject->artifact_type.clear();
  const Published referrer = publish("from:sig", "signature", push);
  Manifest index;
  index.kind = ManifestKind::kIndex;
  index.media_type = media_type::kImageIndex;
  index.manifests = {*push.subject};
  registry.put_manifest("from", "index", std::string(media_type::kImageIndex),
                        serialize(index, FieldOrder::kOras));
  ASSERT_TRUE(client().copy(ref("from:index"), ref("to:index"), {.referrers = true}));
  const auto listed = client().referrers(ref("to@" + child.manifest.digest.to_string()));
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().digest, referrer.manifest.digest);
}

TEST_F(ContentTest, RemovedReferrerLeavesTheTagSchema) {
  registry.referrers_api = false;
  const Published subject = publish("r:1", "content");
  PushOptions push;
  push.subject = subject.manifest;
  push.subject->artifact_type.clear();
  const Published one = publish("r:one", "one", push);
  const Published two = publish("r:two", "two", push);
  const Reference first = ref("r@" + one.manifest.digest.to_string());
  const auto listed = [&] {
    std::vector<Digest> digests;
    const auto referrers = client().referrers(ref("r:1"));
    for (const Descriptor& referrer : referrers.value()) digests.push_back(referrer.digest);
    return digests;
  };
  intercept = [](const Sent& request) -> std::optional<Answer> {
    if (request.method != "DELETE") return std::nullopt;
    return Answer{.status = 405, .body = R"({"errors":[{"code":"UNSUPPORTED"}]})"};
  };
  EXPECT_EQ(client().remove(first).error().code, Code::kUnsupported);
  EXPECT_THAT(listed(), UnorderedElementsAre(one.manifest.digest, two.manifest.digest));

  intercept = nullptr;
  ASSERT_TRUE(client().remove(first));
  EXPECT_FALSE(registry.manifests.contains("r@" + one.manifest.digest.to_string()));
  EXPECT_THAT(listed(), ElementsAre(two.manifest.digest));
  ASSERT_TRUE(client().remove(ref("r@" + two.manifest.digest.to_string())));
  EXPECT_THAT(listed(), ElementsAre());
}

TEST_F(ContentTest, ManifestThatCannotBeReadIsRemoved) {
  const Digest damaged = registry.put_manifest("r", "", std::string(media_type::kImageManifest), "{}");
  EXPECT_TRUE(client().remove(ref("r@" + damaged.to_string())));
  EXPECT_TRUE(registry.manifests.empty());
}

TEST_F(ContentTest, RemovalOfATagAndOfAManifest) {
  const Published published = publish("r:1", "content");
  EXPECT_EQ(client().remove(ref("r:1"))->digest, published.manifest.digest);
  EXPECT_FALSE(registry.tags.contains("r:1"));
  EXPECT_TRUE(registry.manifests.contains("r@" + published.manifest.digest.to_string()));
  EXPECT_EQ(client().remove(ref("r:1")).error().code, Code::kNotFound);
  EXPECT_TRUE(client().remove(ref("r@" + published.manifest.digest.to_string())));
  EXPECT_EQ(client().remove(ref("r@" + published.manifest.digest.to_string())).error().code, Code::kNotFound);
}

TEST_F(ContentTest, RegistryThatRemovesNoTagsSaysSo) {
  publish("r:1", "content");
  intercept = [](const Sent& request) -> std::optional<Answer> {
    if (request.method != "DELETE") return std::nullopt;
    return Answer{.status = 400, .body = R"({"errors":[{"code":"DIGEST_INVALID"}]})"};
  };
  const auto refused = client().remove(ref("r:1"));
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("by its digest"));
}

TEST_F(ContentTest, ResolveFallsBackToGet) {
  const Published published = publish("r:1", "content");
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method != "HEAD") return std::nullopt;
    return Answer{.headers = {{"Content-Type", "x"}}};  // No digest, no length.
  };
  EXPECT_EQ(client().resolve(ref("r:1"))->digest, published.manifest.digest);
  intercept = nullptr;
  EXPECT_EQ(client().resolve(ref("r:none")).error().code, Code::kNotFound);
  EXPECT_EQ(client().resolve(ref("r@" + published.manifest.digest.to_string()))->size,
            published.manifest.size);
}

TEST_F(ContentTest, SchemeFollowsTheOptions) {
  intercept = [](const Sent&) -> std::optional<Answer> { return Answer{}; };
  static_cast<void>(client().server_version("registry.example"));
  static_cast<void>(client().server_version("localhost:5000"));
  static_cast<void>(client().server_version("docker.io"));
  client_options.plain_http = PlainHttp::kNever;
  client_options.plain_http_registries = {"plain.example"};
  Client other(impl());
  static_cast<void>(other.server_version("localhost:5000"));
  static_cast<void>(other.server_version("plain.example"));
  EXPECT_THAT(lines(), ElementsAre("GET https://registry.example/v2/", "GET http://localhost:5000/v2/",
                                   "GET https://registry-1.docker.io/v2/", "GET https://localhost:5000/v2/",
                                   "GET http://plain.example/v2/"));
}

}  // namespace
}  // namespace lamina::client::testing
