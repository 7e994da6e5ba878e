// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class HoldsApiTest : public testing::Test {
 protected:
  Reply post(std::string_view path, std::string_view body) {
    return server.request("POST", path, {{"Content-Type", "application/json"}}, body);
  }
  /// An update of lamina.dev OCIArtifact in cluster c-1.
  Reply update(std::string_view holders, std::string_view more = "") {
    return post("/v2/_lamina/holds",
                R"({"cluster":"c-1","group":"lamina.dev","kind":"OCIArtifact","generation":3,)" +
                    std::string(more) + R"("holders":[)" + std::string(holders) + "]}");
  }
  static std::string holder(std::string_view name, std::string_view holds) {
    return R"({"namespace":"ns","name":")" + std::string(name) + R"(","uid":"u-)" + std::string(name) +
           R"(","holds":[)" + std::string(holds) + "]}";
  }
  static std::string manifest(const Digest& digest) {
    return R"({"repository":"team/app","digest":")" + digest.to_string() + R"("})";
  }
  static std::string object(std::string_view name) {
    return R"("cluster":"c-1","group":"lamina.dev","kind":"OCIArtifact","namespace":"ns","name":")" +
           std::string(name) + R"(","uid":"u-)" + std::string(name) + '"';
  }

  RegistryServer server;
};

TEST_F(HoldsApiTest, ObjectsHoldManifests) {
  const Digest x = server.push_image("team/app", "v1");
  const Digest absent = Digest::of("absent");
  const Reply held =
      update(holder("one", manifest(x) + ',' + manifest(absent)) + ',' + holder("two", manifest(x)));
  EXPECT_EQ(held.status, 200u) << held.body;
  EXPECT_EQ(held.field("Content-Type"), "application/json");
  EXPECT_EQ(held.body, R"({"held":2,"released":0,"inDoubt":0,"missing":[)" + manifest(absent) + "]}");

  EXPECT_EQ(server.get("/v2/_lamina/holds").body, R"({"holders":[{)" + object("one") + R"(,"holds":[)" +
                                                      manifest(x) + "]},{" + object("two") + R"(,"holds":[)" +
                                                      manifest(x) + "]}]}");
  const std::string holders = "/v2/team/app/_lamina/holders/" + x.to_string();
  EXPECT_EQ(server.get(holders).body, R"({"repository":"team/app","digest":")" + x.to_string() +
                                          R"(","holders":[{)" + object("one") + "},{" + object("two") +
                                          "}]}");
  const Reply none = server.get("/v2/team/app/_lamina/holders/" + absent.to_string());
  EXPECT_EQ(none.status, 404u);
  EXPECT_EQ(none.error_id(), "MANIFEST_UNKNOWN");

  const Reply complete = update(holder("two", manifest(x)), R"("complete":true,"listedSecondsAgo":0,)");
  EXPECT_EQ(complete.body, R"({"held":0,"released":0,"inDoubt":0,"missing":[]})")
      << "what came in the same second as the list is spared";
  server.store().clock.advance(5s);
  EXPECT_EQ(update(holder("two", manifest(x)), R"("complete":true,"listedSecondsAgo":0,)").body,
            R"({"held":0,"released":1,"inDoubt":0,"missing":[]})");
}

TEST_F(HoldsApiTest, PagesKeepTheFilter) {
  const Digest x = server.push_image("team/app", "v1");
  ASSERT_EQ(update(holder("one", manifest(x)) + ',' + holder("two", manifest(x))).status, 200u);
  const Reply first = server.get("/v2/_lamina/holds?cluster=c-1&group=lamina.dev&kind=OCIArtifact&n=1");
  EXPECT_THAT(first.body, HasSubstr(R"("name":"one")"));
  const Reply second = server.get(first.next());
  EXPECT_THAT(second.body, HasSubstr(R"("name":"two")"));
  EXPECT_EQ(second.next(), "");
  EXPECT_THAT(first.next(), HasSubstr("kind=OCIArtifact"));
  EXPECT_EQ(server.get("/v2/_lamina/holds?kind=Snapshot").body, R"({"holders":[]})");
  EXPECT_EQ(server.get("/v2/_lamina/holds?last=one").status, 400u);
  const Reply holders = server.get("/v2/team/app/_lamina/holders/" + x.to_string() + "?n=1");
  EXPECT_THAT(server.get(holders.next()).body, HasSubstr(R"("name":"two")"));
}

TEST_F(HoldsApiTest, ADeposedLeaderIsRefused) {
  ASSERT_EQ(update("").status, 200u);
  const Reply late =
      post("/v2/_lamina/holds",
           R"({"cluster":"c-1","group":"lamina.dev","kind":"OCIArtifact","generation":2,"holders":[]})");
  EXPECT_EQ(late.status, 409u);
  EXPECT_EQ(late.error_id(), "DENIED");
}

TEST_F(HoldsApiTest, MalformedUpdatesAreRefused) {
  for (const std::string_view body : {
           "",
           "[]",
           "{}",
           R"({"cluster":"c","kind":"K"})",
           R"({"kind":"K","holders":[]})",
           R"({"cluster":"c","kind":"K","holders":[],"holder":[]})",
           R"({"cluster":"c","kind":"K","holders":{}})",
           R"({"cluster":"c","kind":"K","holders":[{"name":"n"}]})",
           R"({"cluster":"c","kind":"K","holders":[{"name":"n","holds":[{"repository":"A","digest":""}]}]})",
           R"({"cluster":"c","kind":"K","holders":[],"generation":-1})",
           R"({"cluster":"c","kind":"K","holders":[],"complete":1})",
           R"({"cluster":"c","kind":"K","holders":[],"listedSecondsAgo":86401})",
       }) {
    EXPECT_EQ(post("/v2/_lamina/holds", body).status, 400u) << body;
  }
  EXPECT_EQ(post("/v2/_lamina/holds", std::string(17 << 20, ' ')).status, 413u);
  for (const std::string_view body :
       {"{}", R"({"from":"a","to":"a"})", R"({"from":"a"})", R"({"from":1,"to":"b"})"}) {
    EXPECT_EQ(post("/v2/_lamina/holds/adopt", body).status, 400u) << body;
  }
  for (const std::string_view body : {"{}", R"({"kind":"K"})", R"({"cluster":"c","name":"n"})"}) {
    EXPECT_EQ(post("/v2/_lamina/holds/release", body).status, 400u) << body;
  }
}

TEST_F(HoldsApiTest, ADeletedManifestGoesWithTheLastHold) {
  const Digest x = server.push_image("team/app", "v1");
  ASSERT_EQ(update(holder("one", manifest(x))).status, 200u);
  const Reply deleted = server.remove(manifest_path("team/app", x));
  EXPECT_EQ(deleted.status, 202u);
  EXPECT_EQ(deleted.field("Warning"), "299 - \"objects hold this manifest; it goes with the last hold\"");
  EXPECT_EQ(server.get("/v2/team/app/manifests/v1").status, 404u);
  EXPECT_EQ(server.get(manifest_path("team/app", x)).status, 200u);
  ASSERT_EQ(update(holder("one", "")).status, 200u);
  ASSERT_TRUE(server.store().store->manifests().remove_expired());
  EXPECT_EQ(server.get(manifest_path("team/app", x)).status, 404u);
}

TEST_F(HoldsApiTest, ForceRemovesNow) {
  const Digest x = server.push_image("team/app", "v1");
  ASSERT_EQ(update(holder("one", manifest(x))).status, 200u);
  EXPECT_EQ(server.remove(manifest_path("team/app", x) + "?force=maybe").status, 400u);
  const Reply deleted = server.remove(manifest_path("team/app", x) + "?force");
  EXPECT_EQ(deleted.status, 202u);
  EXPECT_EQ(deleted.field("Warning"), "");
  EXPECT_EQ(server.get(manifest_path("team/app", x)).status, 404u);
  EXPECT_EQ(server.get("/v2/_lamina/holds").body, R"({"holders":[]})");
}

TEST_F(HoldsApiTest, AnOwnedArtifactIsAnOrphanUntilItIsHeld) {
  const Reply published = server.request("POST", "/v2/team/app/_lamina/publish",
                                         {{"Content-Type", "multipart/related; boundary=line"}},
                                         "--line\r\n\r\n"
                                         R"({"artifactType":"a/b","tags":["v1"],"owner":{)" +
                                             object("one") + "}}\r\n--line\r\n\r\nbytes\r\n--line--\r\n");
  ASSERT_EQ(published.status, 201u) << published.body;
  const Digest x = Digest::parse(published.field("Docker-Content-Digest")).value();
  EXPECT_EQ(server.get("/v2/_lamina/orphans").body,
            R"({"orphans":[{"repository":"team/app","digest":")" + x.to_string() +
                R"(","tags":["v1"],"owner":{)" + object("one") +
                R"(},"published":"2027-01-15T08:00:00Z","expires":"2027-01-15T09:00:00Z"}]})");
  server.store().clock.advance(2h);
  ASSERT_TRUE(server.store().store->manifests().remove_expired());
  ASSERT_EQ(update(holder("one", manifest(x))).status, 200u);
  EXPECT_EQ(server.get("/v2/_lamina/orphans").body, R"({"orphans":[]})");
  EXPECT_EQ(server.get("/v2/_lamina/orphans?last=team/app").status, 400u);
}

TEST_F(HoldsApiTest, OperatorsMoveAndReleaseWhatAClusterHolds) {
  const Digest x = server.push_image("team/app", "v1");
  ASSERT_EQ(update(holder("one", manifest(x)) + ',' + holder("two", manifest(x))).status, 200u);
  EXPECT_EQ(post("/v2/_lamina/holds/adopt", R"({"from":"c-1","to":"c-2"})").body, R"({"adopted":2})");
  EXPECT_EQ(post("/v2/_lamina/holds/release", R"({"cluster":"c-2","kind":"Snapshot"})").body,
            R"({"released":0})");
  EXPECT_EQ(post("/v2/_lamina/holds/release", R"({"cluster":"c-2"})").body, R"({"released":2})");
  EXPECT_EQ(server.get("/v2/_lamina/holds").body, R"({"holders":[]})");
}

}  // namespace
}  // namespace lamina::registry
