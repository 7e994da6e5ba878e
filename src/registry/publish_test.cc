// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "http/target.h"
#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// More than one piece of the body and of a blob.
const std::string kLayer = pattern(600'000);
constexpr std::string_view kPath = "/v2/team/app/_lamina/publish";

std::string multipart(std::string_view fields, std::string_view layer, std::string_view boundary = "line") {
  const std::string line = "--" + std::string(boundary);
  return line + "\r\nContent-Type: application/json\r\n\r\n" + std::string(fields) + "\r\n" + line +
         "\r\nContent-Type: application/octet-stream\r\n\r\n" + std::string(layer) + "\r\n" + line + "--\r\n";
}

std::string text_of(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* text = member == nullptr ? nullptr : member->as<std::string>();
  return text == nullptr ? "" : *text;
}

class PublishTest : public testing::Test {
 protected:
  explicit PublishTest(Options options = {}) : server(std::move(options)) {}

  Reply publish(std::string_view fields, std::string_view layer = "the content of a layer") {
    return send(multipart(fields, layer));
  }
  Reply send(std::string_view body, const std::string& type = "multipart/related; boundary=line") {
    return server.request("POST", kPath, {{"Content-Type", type}}, body);
  }
  Reply manifest(std::string_view reference) {
    return server.get("/v2/team/app/manifests/" + std::string(reference));
  }
  void expect_nothing_stored() {
    for (const meta::Table table :
         {meta::Table::kBlobs, meta::Table::kInline, meta::Table::kLinks, meta::Table::kManifests,
          meta::Table::kTags, meta::Table::kUploads, meta::Table::kRepositories}) {
      EXPECT_EQ(server.store().count(table), 0u) << static_cast<int>(table);
    }
    EXPECT_THAT(server.store().blobs->list_uploads().value(), IsEmpty());
  }

  RegistryServer server;
};

TEST_F(PublishTest, EveryFieldReachesTheManifest) {
  const std::string layer_digest = Digest::of(kLayer).to_string();
  const Digest subject = Digest::of("subject");
  const Reply reply = publish(R"({
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "artifactType": "application/vnd.example.artifact",
    "config": {"mediaType": "application/vnd.example.config.v1+json", "data": "eyJhIjoxfQ=="},
    "layer": {"mediaType": "application/vnd.example.layer.tar+gzip", "digest": ")" +
                                  layer_digest + R"(",
              "size": 600000, "annotations": {"org.opencontainers.image.title": "app.tar.gz"}},
    "annotations": {"org.opencontainers.image.created": "2026-11-24T00:00:00Z"},
    "identity": {"name": "app", "version": "1.0"},
    "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": ")" +
                                  subject.to_string() +
                                  R"(", "size": 7, "annotations": {"k": "v"}, "artifactType": "a/b"},
    "tags": ["v1", "latest"],
    "ifNoneMatch": true,
    "ttl": 3600,
    "fieldOrder": "ggcr"})",
                              kLayer);
  ASSERT_EQ(reply.status, 201u) << reply.body;

  Manifest expected;
  expected.media_type = media_type::kImageManifest;
  expected.artifact_type = "application/vnd.example.artifact";
  expected.config = Descriptor{
      .media_type = "application/vnd.example.config.v1+json", .digest = Digest::of(R"({"a":1})"), .size = 7};
  expected.layers.push_back({.media_type = "application/vnd.example.layer.tar+gzip",
                             .digest = Digest::of(kLayer),
                             .size = kLayer.size(),
                             .annotations = {{"org.opencontainers.image.title", "app.tar.gz"}}});
  expected.annotations = {{"org.opencontainers.image.created", "2026-11-24T00:00:00Z"},
                          {"dev.lamina.identity", R"({"name":"app","version":"1.0"})"}};
  expected.subject = Descriptor{.media_type = std::string(media_type::kImageManifest),
                                .digest = subject,
                                .size = 7,
                                .annotations = {{"k", "v"}},
                                .artifact_type = "a/b"};
  const std::string bytes = serialize(expected, FieldOrder::kGgcr);
  const std::string digest = Digest::of(bytes).to_string();
  for (const std::string_view tag : {"v1", "latest"}) EXPECT_EQ(manifest(tag).body, bytes) << tag;

  EXPECT_EQ(reply.field("Location"), "/v2/team/app/manifests/" + digest);
  EXPECT_EQ(reply.field("Docker-Content-Digest"), digest);
  EXPECT_EQ(reply.field("OCI-Subject"), subject.to_string());
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_EQ(reply.body, R"({"repository":"team/app","tags":["v1","latest"],"digest":")" + digest +
                            R"(","size":)" + std::to_string(bytes.size()) +
                            R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                            R"("artifactType":"application/vnd.example.artifact","reference":"team/app@)" +
                            digest +
                            R"(","identity":{"name":"app","version":"1.0"},)"
                            R"("layer":{"mediaType":"application/vnd.example.layer.tar+gzip","digest":")" +
                            layer_digest + R"(","size":600000},"url":"/files/team/app/)" + digest +
                            R"(/app.tar.gz"})");
  EXPECT_TRUE(server.get("/v2/team/app/blobs/" + layer_digest).body == kLayer);
  EXPECT_EQ(server.get("/v2/team/app/blobs/" + Digest::of(R"({"a":1})").to_string()).body, R"({"a":1})");
  EXPECT_TRUE(server.get(text_of(reply.json(), "url")).body == kLayer);
}

struct AdvertisedPublishTest : PublishTest {
  AdvertisedPublishTest() : PublishTest({.advertise_url = "https://registry.example/base", .version = {}}) {}
};

TEST_F(AdvertisedPublishTest, UrlsBeginWithTheAdvertisedOneAndLocationsStayRelative) {
  const Reply reply = publish(R"({"artifactType":"a/b"})");
  ASSERT_EQ(reply.status, 201u);
  EXPECT_THAT(text_of(reply.json(), "url"),
              testing::StartsWith("https://registry.example/base/files/team/app/sha256:"));
  EXPECT_THAT(reply.field("Location"), testing::StartsWith("/v2/team/app/manifests/"));
}

TEST_F(PublishTest, HasTheDigestOfTheSameArtifactPushedInTheStandardSequence) {
  for (const auto& [order, name] : {std::pair{FieldOrder::kOras, "oras"}, {FieldOrder::kGgcr, "ggcr"}}) {
    Manifest manifest = server.image("standard", {kLayer});
    manifest.artifact_type = "application/vnd.example";
    manifest.config = empty_descriptor();
    manifest.annotations = {{"z", "<&>"}, {"a", "\u00e4"}};
    const std::string bytes = serialize(manifest, order);
    const Reply standard = server.request("PUT", "/v2/standard/manifests/" + std::string(name),
                                          {{"Content-Type", manifest.media_type}}, bytes);
    ASSERT_EQ(standard.status, 201u) << standard.body;

    const Reply published =
        publish(R"({"artifactType":"application/vnd.example","annotations":{"z":"<&>","a":"ä"},"tags":[")" +
                    std::string(name) + R"("],"layer":{"mediaType":")" +
                    std::string(media_type::kLayerTarGzip) + R"("},"fieldOrder":")" + name + "\"}",
                kLayer);
    ASSERT_EQ(published.status, 201u) << published.body;
    EXPECT_EQ(published.field("Docker-Content-Digest"), standard.field("Docker-Content-Digest")) << name;
    EXPECT_EQ(this->manifest(name).body, bytes) << name;
  }
}

TEST_F(PublishTest, TheRawBodyOfCurlIsTheLayer) {
  const std::string query =
      "?tag=v1&tag=v2&artifactType=application/vnd.example&annotation=a=b%3Dc&layerAnnotation=t=x%26y"
      "&identity=name=app&identity=version=1%2B2&ttl=60&fieldOrder=oras&mediaType=" +
      std::string("application/vnd.oci.image.manifest.v1%2Bjson") +
      "&digest=" + Digest::of(kLayer).to_string();
  const Reply reply =
      server.request("POST", std::string(kPath) + query, {{"Content-Type", "application/gzip"}}, kLayer);
  ASSERT_EQ(reply.status, 201u) << reply.body;
  const auto parsed = parse_manifest(manifest("v2").body, media_type::kImageManifest);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->artifact_type, "application/vnd.example");
  EXPECT_EQ(parsed->config, empty_descriptor());
  EXPECT_EQ(parsed->annotations,
            (Annotations{{"a", "b=c"}, {"dev.lamina.identity", R"({"name":"app","version":"1+2"})"}}));
  EXPECT_EQ(parsed->layers.front().annotations, (Annotations{{"t", "x&y"}}));
  EXPECT_EQ(parsed->layers.front().media_type, "application/gzip");

  // What curl --data-binary and curl -T say of a body.
  const Reply form = server.request("POST", std::string(kPath) + "?artifactType=a/b&tag=form",
                                    {{"Content-Type", "application/x-www-form-urlencoded"}}, "bytes");
  EXPECT_EQ(form.status, 201u) << form.body;
  const Reply streamed = server.request("POST", std::string(kPath) + "?artifactType=a/b&tag=streamed",
                                        {{"Transfer-Encoding", "chunked"}}, chunked(kLayer, 70'000));
  EXPECT_EQ(streamed.status, 201u) << streamed.body;
  for (const std::string_view tag : {"form", "streamed"}) {
    EXPECT_EQ(parse_manifest(manifest(tag).body, "")->layers.front().media_type, "application/octet-stream")
        << tag;
  }
}

TEST_F(PublishTest, AnEmptyLayerAndOneThatEqualsTheConfig) {
  EXPECT_EQ(publish(R"({"artifactType":"a/b","tags":["empty"]})", "").status, 201u);
  EXPECT_EQ(publish(R"({"artifactType":"a/b","tags":["same"]})", "{}").status, 201u);
  EXPECT_EQ(publish(R"({"config":{"mediaType":"a/b","data":"eHl6"},"tags":["own"]})", "xyz").status, 201u);
  EXPECT_EQ(server.get(blob_path("team/app", Digest::of("xyz"))).body, "xyz");
}

TEST_F(PublishTest, WithoutATypeOfItsOwnTheManifestIsServedAsOci) {
  ASSERT_EQ(publish(R"({"mediaType":"","artifactType":"a/b","tags":["v1"]})").status, 201u);
  EXPECT_EQ(manifest("v1").field("Content-Type"), media_type::kImageManifest);
}

TEST_F(PublishTest, ALayerByItsSha512) {
  const std::string digest = Digest::of(kLayer, Algorithm::kSha512).to_string();
  const Reply reply = publish(R"({"artifactType":"a/b","layer":{"digest":")" + digest + "\"}}", kLayer);
  EXPECT_EQ(reply.status, 201u) << reply.body;
  EXPECT_TRUE(server.get("/v2/team/app/blobs/" + digest).body == kLayer);
}

TEST_F(PublishTest, Preconditions) {
  const auto fields = [](std::string_view number, std::string_view condition) {
    return R"({"artifactType":"a/b","tags":["v1"],"annotations":{"n":")" + std::string(number) + "\"}" +
           std::string(condition) + "}";
  };
  const std::string absent = R"(,"ifNoneMatch":true)";
  const Reply first = publish(fields("1", absent));
  ASSERT_EQ(first.status, 201u) << first.body;
  const std::string first_digest = first.field("Docker-Content-Digest");
  const auto names = [](const std::string& digest) { return R"(,"ifMatch":")" + digest + '"'; };

  const Reply refused = publish(fields("2", absent));
  EXPECT_EQ(refused.status, 412u);
  EXPECT_EQ(refused.error_id(), "DENIED");
  EXPECT_THAT(refused.error_message(), HasSubstr(first_digest));
  EXPECT_EQ(publish(fields("2", names(Digest::of("other").to_string()))).status, 412u);
  EXPECT_EQ(manifest("v1").field("Docker-Content-Digest"), first_digest);

  const Reply second = publish(fields("2", names(first_digest)));
  EXPECT_EQ(second.status, 201u) << second.body;
  EXPECT_EQ(publish(fields("3", names(first_digest))).status, 412u);
  EXPECT_EQ(manifest("v1").field("Docker-Content-Digest"), second.field("Docker-Content-Digest"));
  EXPECT_EQ(publish(fields("4", R"(,"ifNoneMatch":false)")).status, 201u) << "false is no condition";

  EXPECT_EQ(publish(R"({"artifactType":"a/b","ifNoneMatch":true})").status, 400u)
      << "a condition without a tag";
}

TEST_F(PublishTest, AllTagsOrNoneMove) {
  ASSERT_EQ(publish(R"({"artifactType":"a/b","tags":["taken"]})").status, 201u);
  EXPECT_EQ(
      publish(R"({"artifactType":"a/b","tags":["free","taken"],"annotations":{"n":"2"},"ifNoneMatch":true})")
          .status,
      412u);
  EXPECT_EQ(manifest("free").status, 404u);
}

TEST_F(PublishTest, ARetryAfterALostAnswerIsAsGoodAsTheFirst) {
  for (const std::string& fields :
       {std::string(R"({"artifactType":"a/b","tags":["v1"]})"),
        std::string(R"({"artifactType":"a/b","tags":["v2"],"ifNoneMatch":true})"),
        std::string(R"({"artifactType":"a/b","tags":["v3"],"ifNoneMatch":true,"ttl":60})"),
        R"({"artifactType":"a/b","tags":["v1"],"ifMatch":")" + Digest::of("other").to_string() + "\"}",
        std::string(R"({"artifactType":"a/c"})")}) {
    const unsigned first = publish(fields, kLayer).status;
    EXPECT_TRUE(first == 201 || fields.find("ifMatch") != std::string::npos) << fields;
    server.store().clock.advance(std::chrono::seconds(5));
    const Reply again = publish(fields, kLayer);
    EXPECT_EQ(again.status, 200u) << fields << ": " << again.body;
    EXPECT_EQ(text_of(again.json(), "digest"), again.field("Docker-Content-Digest"));
  }
  EXPECT_EQ(server.store().count(meta::Table::kUploads), 0u);
  EXPECT_THAT(server.store().blobs->list_uploads().value(), IsEmpty());
}

TEST_F(PublishTest, AnArtifactGoesWhenItsTimeIsUp) {
  ASSERT_EQ(publish(R"({"artifactType":"a/b","tags":["short"],"ttl":60,"identity":{"k":"v"}})").status, 201u);
  ASSERT_EQ(publish(R"({"artifactType":"a/c","tags":["renewed"],"ttl":60})").status, 201u);
  ASSERT_EQ(publish(R"({"artifactType":"a/d","tags":["kept"],"ttl":60})").status, 201u);
  server.store().clock.advance(std::chrono::seconds(50));
  ASSERT_EQ(publish(R"({"artifactType":"a/c","tags":["renewed"],"ttl":60})").status, 200u);
  ASSERT_EQ(publish(R"({"artifactType":"a/d","tags":["kept"]})").status, 200u) << "without a ttl it stays";
  EXPECT_EQ(server.store().store->manifests().remove_expired().value(), 0u);

  server.store().clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(server.store().store->manifests().remove_expired().value(), 1u);
  EXPECT_EQ(manifest("short").status, 404u);
  EXPECT_EQ(server.get("/v2/_lamina/search?identity=k=v").body, R"({"artifacts":[]})");
  EXPECT_EQ(manifest("renewed").status, 200u);
  server.store().clock.advance(std::chrono::hours(1));
  EXPECT_EQ(server.store().store->manifests().remove_expired().value(), 1u);
  EXPECT_EQ(manifest("renewed").status, 404u);
  EXPECT_EQ(manifest("kept").status, 200u);
}

TEST_F(PublishTest, RefusesALayerThatIsNotWhatWasAnnounced) {
  const std::string right = Digest::of(kLayer).to_string();
  struct Case {
    std::string layer, id;
  };
  for (const Case& c : {Case{R"("digest":")" + Digest::of("other").to_string() + '"', "DIGEST_INVALID"},
                        Case{R"("size":599999)", "SIZE_INVALID"}, Case{R"("size":600001)", "SIZE_INVALID"},
                        Case{R"("size":1,"digest":")" + right + '"', "SIZE_INVALID"},
                        Case{R"("digest":"sha256:abc")", "DIGEST_INVALID"},
                        Case{R"("digest":"md5:abcdef")", "DIGEST_INVALID"}}) {
    const Reply reply = publish(R"({"artifactType":"a/b","tags":["v1"],"layer":{)" + c.layer + "}}", kLayer);
    EXPECT_EQ(reply.status, 400u) << c.layer;
    EXPECT_EQ(reply.error_id(), c.id) << c.layer << reply.body;
  }
  expect_nothing_stored();
}

TEST_F(PublishTest, RefusesManifestsThatAPutWouldRefuse) {
  for (
      const std::string_view fields :
      {R"({"tags":["v1"]})",  // an empty config wants an artifactType
       R"({"artifactType":"no media type","tags":["v1"]})",
       R"({"artifactType":"a/b","layer":{"mediaType":"x"}})",
       R"({"artifactType":"a/b","layer":{"mediaType":"a/b\r\nX-Evil: 1"}})",
       R"({"artifactType":"a/b","config":{"mediaType":"a b","data":""}})",
       R"({"artifactType":"a/b","mediaType":"application/vnd.oci.image.index.v1+json"})",
       R"({"artifactType":"a/b","subject":{"mediaType":"x","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}})"}) {
    const Reply reply = publish(fields);
    EXPECT_EQ(reply.status, 400u) << fields << reply.body;
    EXPECT_EQ(reply.error_id(), "MANIFEST_INVALID") << fields << reply.body;
  }
  EXPECT_EQ(publish(R"({"artifactType":"a/b","mediaType":"text/plain"})").status, 415u);
  expect_nothing_stored();
}

TEST_F(PublishTest, RefusesMalformedBodies) {
  const std::string good = multipart(R"({"artifactType":"a/b","tags":["v1"]})", "layer");
  const std::string related = "multipart/related; boundary=line";
  struct Case {
    std::string what, body, type;
    unsigned status = 400;
  };
  const Case cases[] = {
      {"nothing", "", related},
      {"another boundary", good, "multipart/related; boundary=other"},
      {"no boundary", good, "multipart/related"},
      {"an empty boundary", good, "multipart/related; boundary=\"\""},
      {"a boundary too long", good, "multipart/related; boundary=" + std::string(71, 'b')},
      {"cut before the last boundary", good.substr(0, good.size() - 10), related},
      {"cut in the last boundary", good.substr(0, good.size() - 3), related},
      {"cut in the layer's header", good.substr(0, good.find("octet-stream")), related},
      {"cut in the fields", good.substr(0, good.find("tags")), related},
      {"the fields alone", "--line\r\n\r\n{\"artifactType\":\"a/b\"}\r\n--line--\r\n", related},
      {"three parts", multipart(R"({"artifactType":"a/b"})", "x\r\n--line\r\n\r\ny"), related},
      {"LF for line ends", "--line\n\n{}\n--line\n\nx\n--line--\n", related},
      {"fields that are no JSON", multipart("artifactType=a/b", "x"), related},
      {"fields that are an array", multipart("[]", "x"), related},
      {"no fields at all", multipart("", "x"), related},
      {"a field twice", multipart(R"({"artifactType":"a/b","artifactType":"a/b"})", "x"), related},
      {"an unknown field", multipart(R"({"artifactType":"a/b","owner":"x"})", "x"), related},
      {"a part's header without end", "--line\r\nX: " + std::string(9000, 'x'), related, 413},
      {"a preamble without end", std::string(5000, 'x') + good, related},
      {"fields beyond their limit",
       multipart("{\"artifactType\":\"" + std::string(1'048'577, 'a') + "\"}", "x"), related, 413},
  };
  for (const Case& c : cases) {
    const Reply reply = send(c.body, c.type);
    EXPECT_EQ(reply.status, c.status) << c.what << ": " << reply.body;
    EXPECT_NE(reply.error_id(), "") << c.what;
  }
  expect_nothing_stored();
  EXPECT_EQ(send("a preamble\r\n" + good + "an epilogue").status, 201u) << "RFC 2046 allows both";
  EXPECT_EQ(send(good + std::string(600'000, 'x') + "\r\n--line\r\n").status, 200u)
      << "an epilogue of any length means nothing, and what is there already is not stored again";
}

TEST_F(PublishTest, RefusesBadParametersBesideARawBody) {
  for (const std::string_view query : {"?artifactType=a/b&unknown=1",
                                       "?artifactType=a/b&owner=x",
                                       "?artifactType=a/b&tag=-x",
                                       "?artifactType=a/b&tag=",
                                       "?artifactType=a/b&digest=sha256:abc",
                                       "?artifactType=a/b&ttl=0",
                                       "?artifactType=a/b&ttl=-1",
                                       "?artifactType=a/b&ttl=x",
                                       "?artifactType=a/b&ttl=",
                                       "?artifactType=a/b&ttl=99999999999999999999",
                                       "?artifactType=a/b&identity=x",
                                       "?artifactType=a/b&identity=%3Dx",
                                       "?artifactType=a/b&identity=a=1&identity=a=2",
                                       "?artifactType=a/b&annotation=x",
                                       "?artifactType=a/b&layerAnnotation==x",
                                       "?artifactType=a/b&ifMatch=abc",
                                       "?artifactType=a/b&ifNoneMatch=*",
                                       "?artifactType=a/b&ifNoneMatch=true",
                                       "?artifactType=a/b&fieldOrder=abc",
                                       "?artifactType=a/b&configMediaType=x"}) {
    const Reply reply = server.request("POST", std::string(kPath) + std::string(query), {}, "layer");
    EXPECT_EQ(reply.status, 400u) << query << ": " << reply.body;
    EXPECT_NE(reply.error_id(), "") << query;
  }
  expect_nothing_stored();
}

TEST_F(PublishTest, RefusesAFormInsteadOfStoringItsEnvelope) {
  const Reply reply = server.request("POST", std::string(kPath) + "?artifactType=a/b&tag=v1",
                                     {{"Content-Type", "multipart/form-data; boundary=x"}}, "--x--");
  EXPECT_EQ(reply.status, 415u);
  EXPECT_THAT(reply.error_message(), HasSubstr("--data-binary"));
  EXPECT_EQ(server.get("/v2/team/app/manifests/v1").status, 404u);
}

TEST_F(PublishTest, AClientThatVanishesLeavesNothing) {
  const std::string body = multipart(R"({"artifactType":"a/b","tags":["v1"]})", kLayer);
  for (const std::size_t sent : {std::size_t{20}, std::size_t{100}, std::size_t{300'000}, body.size() - 1}) {
    for (const std::string_view type : {"multipart/related; boundary=line", "application/gzip"}) {
      http::RawClient client = server.connect();
      const std::string head = "POST " + std::string(kPath) +
                               "?artifactType=a/b HTTP/1.1\r\nHost: registry\r\n" +
                               "Content-Type: " + std::string(type) +
                               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
      ASSERT_TRUE(client.send(head + body.substr(0, sent)));
      client.half_close();
      const auto answer = client.read_answer();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 400u) << type << ' ' << sent;
      expect_nothing_stored();
    }
  }
}

TEST_F(PublishTest, ReferrersListWhatIsPublishedWithASubject) {
  const Digest subject = Digest::of("subject");
  const Reply reply = publish(R"({"artifactType":"a/b","subject":{"mediaType":"x/y","size":7,"digest":")" +
                              subject.to_string() + "\"}}");
  ASSERT_EQ(reply.status, 201u) << reply.body;
  EXPECT_THAT(server.get("/v2/team/app/referrers/" + subject.to_string()).body,
              HasSubstr(reply.field("Docker-Content-Digest")));
}

}  // namespace
}  // namespace lamina::registry
