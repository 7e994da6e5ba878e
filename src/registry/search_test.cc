// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <set>

#include "http/target.h"
#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SearchTest : public testing::Test {
 protected:
  Digest publish(std::string_view repository, const Identity& identity, std::string_view tag = "v1") {
    std::string path =
        "/v2/" + std::string(repository) + "/_lamina/publish?artifactType=a/b&tag=" + std::string(tag);
    for (const auto& [key, value] : identity) path += "&identity=" + http::percent_encode(key + '=' + value);
    const Reply reply = server.request("POST", path, {}, repository);
    EXPECT_EQ(reply.status, 201u) << reply.body;
    return Digest::parse(reply.field("Docker-Content-Digest")).value_or(Digest{});
  }
  static std::string search(const Identity& parts) {
    std::string path = "/v2/_lamina/search";
    for (const auto& [key, value] : parts) {
      path += (path.find('?') == std::string::npos ? "?identity=" : "&identity=") +
              http::percent_encode(key + '=' + value);
    }
    return path;
  }
  /// The repositories of the artifacts on a page.
  static std::vector<std::string> repositories(const Reply& reply) {
    std::vector<std::string> found;
    EXPECT_EQ(reply.status, 200u) << reply.body;
    if (reply.status != 200) return found;
    const oci::Json document = reply.json();
    for (const oci::Json& artifact : *document.find("artifacts")->as<oci::Json::Array>()) {
      found.push_back(*artifact.find("repository")->as<std::string>());
    }
    return found;
  }
  std::vector<std::string> all_pages(std::string path, std::size_t page) {
    std::vector<std::string> found;
    path += "&n=" + std::to_string(page);
    for (int pages = 0; !path.empty() && pages < 50; ++pages) {
      const Reply reply = server.get(path);
      const auto some = repositories(reply);
      EXPECT_LE(some.size(), page);
      EXPECT_FALSE(some.empty()) << "a page that is announced has entries: " << path;
      found.insert(found.end(), some.begin(), some.end());
      path = reply.next();
    }
    return found;
  }

  RegistryServer server;
};

TEST_F(SearchTest, AnArtifactCarriesAllThatAStatusNeeds) {
  const Digest digest = publish("team/app", {{"name", "app"}, {"version", "1"}});
  const std::string size = server.head(manifest_path("team/app", digest)).field("Content-Length");
  EXPECT_EQ(
      server.get("/v2/_lamina/search?identity=name=app").body,
      R"({"artifacts":[{"repository":"team/app","tags":["v1"],"digest":")" + digest.to_string() +
          R"(","size":)" + size +
          R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b","reference":"team/app@)" +
          digest.to_string() + R"(","identity":{"name":"app","version":"1"},"layer":{"mediaType":)" +
          R"("application/octet-stream","digest":")" + Digest::of("team/app").to_string() +
          R"(","size":8},"url":"/files/team/app/)" + digest.to_string() + R"(/layer"}]})");
}

TEST_F(SearchTest, EveryPairMustHold) {
  publish("a", {{"name", "app"}, {"version", "1"}});
  publish("b", {{"name", "app"}, {"version", "2"}});
  publish("c", {{"name", "other"}, {"version", "1"}});
  EXPECT_THAT(repositories(server.get(search({{"name", "app"}}))), ElementsAre("a", "b"));
  EXPECT_THAT(repositories(server.get(search({{"version", "1"}}))), ElementsAre("a", "c"));
  EXPECT_THAT(repositories(server.get(search({{"name", "app"}, {"version", "2"}}))), ElementsAre("b"));
  EXPECT_THAT(repositories(server.get(search({{"name", "app"}, {"version", "3"}}))), ElementsAre());
  EXPECT_THAT(repositories(server.get(search({{"name", "ap"}}))), ElementsAre());
  EXPECT_THAT(repositories(server.get(search({{"Name", "app"}}))), ElementsAre());
}

TEST_F(SearchTest, PagesUntilTheEnd) {
  std::vector<std::string> expected;
  for (char letter = 'a'; letter < 'a' + 17; ++letter) {
    expected.push_back(std::string("team/") + letter);
    publish(expected.back(), {{"team", "blue"}, {"app", std::string(1, letter)}});
  }
  publish("other", {{"team", "red"}});
  for (const std::size_t page : {1, 4, 16, 17, 18}) {
    EXPECT_EQ(all_pages(search({{"team", "blue"}}), page), expected) << page;
  }
}

TEST_F(SearchTest, OddCharactersSurviveEveryEncoding) {
  const std::string odd[] = {
      "a=b",   "a/b", "a+b", "a b",    "a&n=0",  "100%",       "%2F",  "#x",
      "\"q\"", "\\",  "<&>", "\u00e4", "\u2028", "\U0001F600", "a\nb", "github.com/acme/podinfo"};
  for (std::size_t i = 0; i < std::size(odd); ++i) {
    // Two of each, so that a Link has to carry the characters too.
    publish("first/" + std::to_string(i), {{"value", odd[i]}});
    publish("second/" + std::to_string(i), {{"value", odd[i]}});
  }
  for (std::size_t i = 0; i < std::size(odd); ++i) {
    EXPECT_THAT(all_pages(search({{"value", odd[i]}}), 1),
                ElementsAre("first/" + std::to_string(i), "second/" + std::to_string(i)))
        << odd[i];
  }
  publish("keys", {{"k/e+y &%", "v"}});
  EXPECT_THAT(repositories(server.get(search({{"k/e+y &%", "v"}}))), ElementsAre("keys"));
}

TEST_F(SearchTest, FindsWhatWasPushedInTheStandardSequenceToo) {
  Manifest manifest = server.image("standard");
  manifest.annotations["dev.lamina.identity"] = R"({"name": "app"})";
  server.push("standard", "v1", manifest);
  manifest.annotations["dev.lamina.identity"] = "no JSON";
  server.push("standard", "v2", manifest);
  EXPECT_THAT(repositories(server.get(search({{"name", "app"}}))), ElementsAre("standard"));
}

TEST_F(SearchTest, WhatIsDeletedIsNotFound) {
  const Digest digest = publish("a", {{"name", "app"}});
  EXPECT_EQ(server.remove("/v2/a/manifests/v1").status, 202u);
  EXPECT_THAT(server.get(search({{"name", "app"}})).body, HasSubstr(R"("tags":[])"))
      << "the tag is gone, the artifact not";
  EXPECT_EQ(server.remove(manifest_path("a", digest)).status, 202u);
  EXPECT_EQ(server.get(search({{"name", "app"}})).body, R"({"artifacts":[]})");
}

TEST_F(SearchTest, ZeroEntriesAreNone) {
  publish("a", {{"name", "app"}});
  const Reply reply = server.get(search({{"name", "app"}}) + "&n=0");
  EXPECT_EQ(reply.body, R"({"artifacts":[]})");
  EXPECT_EQ(reply.field("Link"), "");
}

TEST_F(SearchTest, RefusesWhatIsMalformed) {
  const std::string digest = Digest::of("x").to_string();
  const std::pair<std::string, std::string> cases[] = {
      {"", "UNSUPPORTED"},
      {"?identity=", "UNSUPPORTED"},
      {"?identity=name", "UNSUPPORTED"},
      {"?identity=%3Dapp", "UNSUPPORTED"},
      {"?identity=a=1&identity=a=2", "UNSUPPORTED"},
      {"?name=app", "UNSUPPORTED"},
      {"?identity=a=1&last=x", "UNSUPPORTED"},
      {"?identity=a=1&last=_a@" + digest, "NAME_INVALID"},
      {"?identity=a=1&last=@" + digest, "NAME_INVALID"},
      {"?identity=a=1&last=a@sha256:abc", "DIGEST_INVALID"},
  };
  for (const auto& [query, id] : cases) {
    const Reply reply = server.get("/v2/_lamina/search" + query);
    EXPECT_EQ(reply.status, 400u) << query;
    EXPECT_EQ(reply.error_id(), id) << query;
  }
}

}  // namespace
}  // namespace lamina::registry
