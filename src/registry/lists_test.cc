// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::ElementsAre;

/// The strings of an array member.
std::vector<std::string> strings(const Reply& reply, std::string_view name) {
  std::vector<std::string> found;
  const oci::Json document = reply.json();
  const oci::Json* member = document.find(name);
  const auto* array = member == nullptr ? nullptr : member->as<oci::Json::Array>();
  EXPECT_NE(array, nullptr) << reply.body;
  if (array == nullptr) return found;
  for (const oci::Json& entry : *array) found.push_back(*entry.as<std::string>());
  return found;
}

class ListsTest : public testing::Test {
 protected:
  /// Follows Link from the first page to the last and returns what each page holds.
  std::vector<std::vector<std::string>> pages(std::string path, std::string_view name) {
    std::vector<std::vector<std::string>> all;
    while (!path.empty() && all.size() < 20) {
      const Reply reply = server.get(path);
      EXPECT_EQ(reply.status, 200u) << path << ": " << reply.body;
      all.push_back(strings(reply, name));
      path = reply.next();
    }
    return all;
  }
  /// Digest and artifactType of the referrers on one page.
  std::vector<std::string> referrers(const Reply& reply) {
    std::vector<std::string> digests;
    const oci::Json document = reply.json();
    for (const oci::Json& entry : *document.find("manifests")->as<oci::Json::Array>()) {
      digests.push_back(*entry.find("digest")->as<std::string>());
    }
    return digests;
  }

  RegistryServer server;
};

TEST_F(ListsTest, TagsInTheOrderOfTheirBytes) {
  const Manifest manifest = server.image("a");
  for (const std::string_view tag : {"b", "a", "B", "_", "1", "a.1", "a-1"}) server.push("a", tag, manifest);
  const Reply reply = server.get("/v2/a/tags/list");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_EQ(reply.body, R"({"name":"a","tags":["1","B","_","a","a-1","a.1","b"]})");
  EXPECT_EQ(reply.field("Link"), "");
}

TEST_F(ListsTest, TagsByPages) {
  const Manifest manifest = server.image("a/b");
  for (const std::string_view tag : {"1", "2", "3", "4", "5"}) server.push("a/b", tag, manifest);
  const std::string path = "/v2/a/b/tags/list";
  EXPECT_THAT(pages(path + "?n=2", "tags"),
              ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "4"), ElementsAre("5")));
  EXPECT_THAT(pages(path + "?n=5", "tags"), ElementsAre(ElementsAre("1", "2", "3", "4", "5")));
  EXPECT_THAT(pages(path + "?n=4", "tags"), ElementsAre(ElementsAre("1", "2", "3", "4"), ElementsAre("5")));
  EXPECT_THAT(pages(path + "?last=3", "tags"), ElementsAre(ElementsAre("4", "5")));
  EXPECT_THAT(pages(path + "?last=35&n=1", "tags"), ElementsAre(ElementsAre("4"), ElementsAre("5")))
      << "last need not be there";
  EXPECT_THAT(pages(path + "?last=5", "tags"), ElementsAre(ElementsAre()));
  EXPECT_THAT(pages(path + "?n=0", "tags"), ElementsAre(ElementsAre()));
  EXPECT_EQ(server.get(path + "?n=2").field("Link"), "</v2/a/b/tags/list?n=2&last=2>; rel=\"next\"");
  EXPECT_EQ(server.head(path).status, 200u);
}

TEST_F(ListsTest, ANumberOfEntriesIsANumber) {
  server.push_image("a", "v1");
  for (const std::string_view list :
       {"/v2/a/tags/list", "/v2/_catalog", "/v2/_lamina/search?identity=a=b",
        "/v2/a/referrers/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}) {
    const std::string path = std::string(list) + (list.find('?') == std::string_view::npos ? '?' : '&');
    for (const std::string_view n : {"n=", "n=x", "n=-1", "n=1x", "n=1.5", "n=%201", "n=0x10", "n=+1"}) {
      const Reply reply = server.get(path + std::string(n));
      EXPECT_EQ(reply.status, 400u) << path << n;
      EXPECT_EQ(reply.error_id(), "UNSUPPORTED") << path << n;
    }
    EXPECT_EQ(server.get(path + "n=99999999999999999999999").status, 200u)
        << path << ": as many as there may be";
  }
}

TEST(ListsOfFewEntries, NoPageIsLargerThanTheLargest) {
  RegistryServer server({.advertise_url = {}, .version = {}, .page = 2, .largest_page = 3});
  const Manifest manifest = server.image("a");
  for (const std::string_view tag : {"1", "2", "3", "4"}) server.push("a", tag, manifest);
  EXPECT_EQ(server.get("/v2/a/tags/list").field("Link"), "</v2/a/tags/list?n=2&last=2>; rel=\"next\"");
  EXPECT_EQ(server.get("/v2/a/tags/list?n=100").field("Link"), "</v2/a/tags/list?n=3&last=3>; rel=\"next\"");
}

TEST_F(ListsTest, TagsOfNoRepository) {
  server.push_blob("blobs-alone", "x");
  for (const std::string_view path : {"/v2/nobody/tags/list", "/v2/blobs-alone/tags/list"}) {
    const Reply reply = server.get(path);
    EXPECT_EQ(reply.status, 404u) << path;
    EXPECT_EQ(reply.error_id(), "NAME_UNKNOWN") << path;
  }
}

TEST_F(ListsTest, CatalogByPages) {
  EXPECT_EQ(server.get("/v2/_catalog").body, R"({"repositories":[]})");
  for (const std::string_view name : {"b", "a/b/c", "a", "a-b", "z/1"}) server.push_image(name, "v1");
  EXPECT_THAT(pages("/v2/_catalog?n=2", "repositories"),
              ElementsAre(ElementsAre("a", "a-b"), ElementsAre("a/b/c", "b"), ElementsAre("z/1")));
  EXPECT_EQ(server.get("/v2/_catalog?n=3").field("Link"), "</v2/_catalog?n=3&last=a/b/c>; rel=\"next\"");
  EXPECT_THAT(pages("/v2/_catalog?n=0", "repositories"), ElementsAre(ElementsAre()));
}

TEST_F(ListsTest, ReferrersByPagesAndByType) {
  const Digest subject = Digest::of("subject");
  Manifest manifest = server.image("a");
  manifest.subject =
      Descriptor{.media_type = std::string(media_type::kImageManifest), .digest = subject, .size = 7};
  std::set<std::string> all, signatures;
  for (int i = 0; i < 5; ++i) {
    manifest.artifact_type = i % 2 == 0 ? "application/vnd.sig+json" : "application/vnd.sbom";
    manifest.annotations["n"] = std::to_string(i);
    const std::string digest = server.push("a", "", manifest).to_string();
    all.insert(digest);
    if (i % 2 == 0) signatures.insert(digest);
  }
  manifest.artifact_type.clear();
  const std::string by_config = server.push("a", "", manifest).to_string();
  all.insert(by_config);

  const std::string path = "/v2/a/referrers/" + subject.to_string();
  const Reply whole = server.get(path);
  EXPECT_EQ(whole.status, 200u);
  EXPECT_EQ(whole.field("Content-Type"), media_type::kImageIndex);
  EXPECT_EQ(whole.field("OCI-Filters-Applied"), "");
  EXPECT_TRUE(parse_manifest(whole.body, media_type::kImageIndex)) << whole.body;
  EXPECT_THAT(referrers(whole), testing::UnorderedElementsAreArray(all));
  const auto listed = parse_manifest(whole.body, media_type::kImageIndex);
  EXPECT_TRUE(std::ranges::all_of(listed->manifests, [](const Descriptor& d) {
    return d.annotations.contains("n") && !d.artifact_type.empty() &&
           d.media_type == media_type::kImageManifest;
  })) << whole.body;

  const auto follow = [&](std::string page, bool filtered) {
    std::vector<std::string> found;
    for (int pages = 0; !page.empty() && pages < 10; ++pages) {
      const Reply reply = server.get(page);
      EXPECT_EQ(reply.status, 200u) << page;
      EXPECT_EQ(reply.field("OCI-Filters-Applied"), filtered ? "artifactType" : "") << page;
      const auto some = referrers(reply);
      EXPECT_LE(some.size(), 2u);
      found.insert(found.end(), some.begin(), some.end());
      page = reply.next();
    }
    return found;
  };
  EXPECT_THAT(follow(path + "?n=2", false), testing::UnorderedElementsAreArray(all));
  EXPECT_THAT(follow(path + "?n=2&artifactType=application%2Fvnd.sig%2Bjson", true),
              testing::UnorderedElementsAreArray(signatures));
  EXPECT_THAT(
      follow(path + "?artifactType=" + std::string("application/vnd.oci.image.config.v1%2Bjson"), true),
      ElementsAre(by_config));
  EXPECT_THAT(follow(path + "?artifactType=a/none", true), ElementsAre());
  EXPECT_THAT(follow(path + "?n=0", false), ElementsAre());
}

TEST_F(ListsTest, ReferrersOfNothing) {
  const std::string absent = Digest::of("absent").to_string();
  EXPECT_EQ(server.get("/v2/nobody/referrers/" + absent).body,
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})");
  for (const std::string& path :
       {std::string("/v2/a/referrers/v1"), std::string("/v2/a/referrers/sha256:abc"),
        "/v2/a/referrers/" + absent + "?last=abc"}) {
    const Reply reply = server.get(path);
    EXPECT_EQ(reply.status, 400u) << path;
    EXPECT_EQ(reply.error_id(), "DIGEST_INVALID") << path;
  }
}

TEST_F(ListsTest, APageOfReferrersStaysBelowWhatClientsRead) {
  const Digest subject = Digest::of("subject");
  Manifest manifest = server.image("a");
  manifest.subject =
      Descriptor{.media_type = std::string(media_type::kImageManifest), .digest = subject, .size = 7};
  std::set<std::string> all;
  for (const char letter : {'a', 'b', 'c'}) {
    manifest.annotations["large"] = std::string(2'000'000, letter);
    all.insert(server.push("a", "", manifest).to_string());
  }
  std::string path = "/v2/a/referrers/" + subject.to_string();
  std::set<std::string> found;
  int pages = 0;
  for (; !path.empty() && pages < 10; ++pages) {
    const Reply reply = server.get(path);
    EXPECT_LT(reply.body.size(), kMaxManifestBytes);
    for (auto& digest : referrers(reply)) found.insert(digest);
    path = reply.next();
  }
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(found, all);
}

}  // namespace
}  // namespace lamina::registry
