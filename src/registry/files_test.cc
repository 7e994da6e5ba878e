// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "http/target.h"
#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;

const std::string kLayer = pattern(300'000);

class FilesTest : public testing::Test {
 protected:
  Manifest titled(std::string_view title) {
    Manifest manifest = server.image("team/app", {kLayer});
    if (!title.empty()) manifest.layers.front().annotations["org.opencontainers.image.title"] = title;
    return manifest;
  }
  static std::string file(std::string_view reference, std::string_view name = "app.tar.gz") {
    return "/files/team/app/" + std::string(reference) + '/' + std::string(name);
  }

  RegistryServer server;
};

TEST_F(FilesTest, TheLayerIsAPlainDownload) {
  const std::string digest = server.push("team/app", "v1", titled("app.tar.gz")).to_string();
  const std::string etag = '"' + Digest::of(kLayer).to_string() + '"';
  for (const std::string& path : {file(digest), file("v1"), file("v1", "another-name")}) {
    const Reply got = server.get(path);
    EXPECT_EQ(got.status, 200u) << path;
    EXPECT_TRUE(got.body == kLayer) << path;
    EXPECT_EQ(got.field("Content-Type"), media_type::kLayerTarGzip);
    EXPECT_EQ(got.field("Content-Disposition"),
              "attachment; filename=\"app.tar.gz\"; filename*=UTF-8''app.tar.gz");
    EXPECT_EQ(got.field("ETag"), etag);
    EXPECT_EQ(got.field("Lamina-Manifest-Digest"), digest);
    EXPECT_EQ(got.field("Docker-Content-Digest"), Digest::of(kLayer).to_string());
    EXPECT_THAT(got.field("Repr-Digest"), testing::StartsWith("sha-256=:"));
    const Reply head = server.head(path);
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.field("Content-Length"), "300000");
    EXPECT_EQ(head.field("ETag"), etag);
    const Reply part = server.get(path, {{"Range", "bytes=299990-"}, {"If-Range", etag}});
    EXPECT_EQ(part.status, 206u);
    EXPECT_EQ(part.body, kLayer.substr(299'990));
    EXPECT_EQ(server.get(path, {{"Range", "bytes=300000-"}}).status, 416u);
    const Reply unchanged = server.get(path, {{"If-None-Match", etag}});
    EXPECT_EQ(unchanged.status, 304u);
    EXPECT_EQ(unchanged.body, "");
    EXPECT_EQ(unchanged.field("Cache-Control"), got.field("Cache-Control")) << "RFC 9110, section 15.4.5";
  }
}

TEST_F(FilesTest, WhatADigestNamesMayBeCachedForEver) {
  const std::string digest = server.push("team/app", "v1", titled("")).to_string();
  EXPECT_EQ(server.head(file(digest)).field("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(server.head(file("v1")).field("Cache-Control"), "no-cache");
}

TEST_F(FilesTest, TheNameIsTheTitleWhereItCanBeOne) {
  const std::pair<std::string, std::string> cases[] = {
      {"app.tar.gz", "app.tar.gz"},
      {"\u00dcbersicht \u65e5\u672c.tgz", "%C3%9Cbersicht%20%E6%97%A5%E6%9C%AC.tgz"},
      {"a\"b;c.tgz", "a%22b%3Bc.tgz"},
      {"", "layer.tar.gz"},
      {"../../etc/passwd", "layer.tar.gz"},
      {"a/b", "layer.tar.gz"},
      {"a\\b", "layer.tar.gz"},
      {"..", "layer.tar.gz"},
      {".", "layer.tar.gz"},
      {"a\r\nX-Evil: 1", "layer.tar.gz"},
      {std::string(256, 'a'), "layer.tar.gz"},
  };
  for (const auto& [title, name] : cases) {
    server.push("team/app", "v1", titled(title));
    const Reply reply = server.head(file("v1"));
    const std::string plain = name.find('%') == std::string::npos ? "filename=\"" + name + "\"; " : "";
    EXPECT_EQ(reply.field("Content-Disposition"), "attachment; " + plain + "filename*=UTF-8''" + name)
        << title;
    EXPECT_EQ(reply.field("X-Evil"), "") << title;
  }
}

TEST_F(FilesTest, TheUrlOfAPublishLeadsHere) {
  const std::string title = "\u00dcbersicht \u65e5\u672c.tgz";
  const Reply published = server.request("POST",
                                         "/v2/team/app/_lamina/publish?artifactType=a/b&layerAnnotation=" +
                                             http::percent_encode("org.opencontainers.image.title=" + title),
                                         {}, kLayer);
  ASSERT_EQ(published.status, 201u) << published.body;
  const oci::Json document = published.json();
  const std::string url = *document.find("url")->as<std::string>();
  EXPECT_THAT(url, testing::EndsWith("/%C3%9Cbersicht%20%E6%97%A5%E6%9C%AC.tgz"));
  EXPECT_TRUE(server.get(url).body == kLayer);
}

TEST_F(FilesTest, ServesArtifactsOfOneLayerOnly) {
  server.push_image("team/app", "two", {"first layer", "second layer"});
  server.push_image("team/app", "none", {});
  Manifest index;
  index.kind = ManifestKind::kIndex;
  index.media_type = media_type::kImageIndex;
  server.push("team/app", "index", index);
  for (const std::string_view tag : {"two", "none", "index"}) {
    const Reply reply = server.get(file(tag));
    EXPECT_EQ(reply.status, 404u) << tag;
    EXPECT_EQ(reply.error_id(), "MANIFEST_UNKNOWN") << tag;
    EXPECT_THAT(reply.error_message(), HasSubstr("exactly one")) << tag;
  }
}

TEST_F(FilesTest, UnknownAndMalformed) {
  server.push("team/app", "v1", titled(""));
  EXPECT_EQ(server.get(file("v2")).error_id(), "MANIFEST_UNKNOWN");
  EXPECT_EQ(server.get(file(Digest::of("x").to_string())).status, 404u);
  EXPECT_EQ(server.get("/files/team/other/v1/x").error_id(), "MANIFEST_UNKNOWN");
  EXPECT_EQ(server.get(file("-v1")).error_id(), "MANIFEST_INVALID");
  EXPECT_EQ(server.get(file("sha256:abc")).error_id(), "DIGEST_INVALID");
  EXPECT_EQ(server.get("/files/_team/v1/x").error_id(), "NAME_INVALID");
  EXPECT_EQ(server.get("/files/team/app/v1/").status, 404u);
}

TEST_F(FilesTest, ADamagedLayerIsUnavailableUntilItIsPushedAgain) {
  const std::string path = file(server.push("team/app", "v1", titled("")).to_string());
  server.damage(Digest::of(kLayer));
  // By now it may be found damaged or be in quarantine: either way the layer is to come back.
  for (int i = 0; i < 2; ++i) {
    const Reply reply = server.get(path);
    EXPECT_EQ(reply.status, 503u);
    EXPECT_NE(reply.field("Retry-After"), "");
    EXPECT_THAT(reply.error_message(), HasSubstr("quarantined"));
  }
  EXPECT_EQ(server.head(path).status, 503u);
  server.push_blob("team/app", kLayer);
  EXPECT_TRUE(server.get(path).body == kLayer);
}

}  // namespace
}  // namespace lamina::registry
