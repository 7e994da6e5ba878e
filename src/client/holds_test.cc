// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "client/testing/client_fixture.h"

namespace lamina::client::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Digest kDigest = Digest::of("manifest");
const std::string kHeld = R"({"repository":"team/app","digest":")" + kDigest.to_string() + R"("})";
const std::string kObject =
    R"("cluster":"c","group":"lamina.dev","kind":"OCIArtifact","namespace":"ns","name":"one","uid":"u")";

class HoldsTest : public ClientTest {
 protected:
  /// The registry answers in this order.
  void answer(std::vector<Answer> answers) {
    intercept = [answers = std::move(answers), next = std::size_t{0}](const Sent&) mutable {
      return next < answers.size() ? std::optional(answers[next++]) : std::nullopt;
    };
  }
  static Answer json(std::string body, std::string link = "") {
    Answer made{.body = std::move(body)};
    if (!link.empty()) made.headers.add("Link", '<' + link + R"(>; rel="next")");
    return made;
  }
};

TEST_F(HoldsTest, AnUpdateIsOneRequest) {
  answer({json(R"({"held":2,"released":1,"inDoubt":30,"missing":[)" + kHeld + "]}")});
  const HeldManifest held{RepositoryName::parse("team/app").value(), kDigest};
  const auto answered =
      client().set_holds("", {.cluster = "c",
                              .group = "lamina.dev",
                              .kind = "OCIArtifact",
                              .generation = 17,
                              .complete = true,
                              .holders = {{"ns", "one", "u", {held}}, {"ns", "two", "v", {}}},
                              .listed_ago = std::chrono::seconds(3)});
  ASSERT_TRUE(answered) << answered.error().message;
  EXPECT_EQ(answered->held, 2u);
  EXPECT_EQ(answered->released, 1u);
  EXPECT_EQ(answered->in_doubt, 30u);
  ASSERT_EQ(answered->missing.size(), 1u);
  EXPECT_EQ(answered->missing[0].repository.str(), "team/app");
  EXPECT_EQ(answered->missing[0].digest, kDigest);
  EXPECT_THAT(lines(), ElementsAre("POST http://127.0.0.1:5000/v2/_lamina/holds"));
  EXPECT_EQ(sent().back().header("Content-Type"), "application/json");
  EXPECT_EQ(sent().back().body,
            R"({"cluster":"c","group":"lamina.dev","kind":"OCIArtifact","generation":17,"complete":true,)"
            R"("listedSecondsAgo":3,"holders":[{"namespace":"ns","name":"one","uid":"u","holds":[)" +
                kHeld + R"(]},{"namespace":"ns","name":"two","uid":"v","holds":[]}]})");
}

TEST_F(HoldsTest, ADeposedLeaderIsToldSo) {
  answer({{.status = 409, .body = R"({"errors":[{"code":"DENIED","message":"generation 1 is over"}]})"}});
  const auto refused = client().set_holds("", {.cluster = "c", .kind = "K", .generation = 1, .holders = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("generation 1 is over"));
}

TEST_F(HoldsTest, ListsAreFollowedToTheirEnd) {
  const std::string entry = "{" + kObject + R"(,"holds":[)" + kHeld + "]}";
  answer({json(R"({"holders":[)" + entry + "]}", "/v2/_lamina/holds?last=x"),
          json(R"({"holders":[)" + entry + "]}")});
  const auto holds = client().holds("", {.cluster = "c", .group = {}, .kind = "OCIArtifact"});
  ASSERT_TRUE(holds) << holds.error().message;
  ASSERT_EQ(holds->size(), 2u);
  EXPECT_EQ(holds->front().holder.cluster, "c");
  EXPECT_EQ(holds->front().holder.namespace_name, "ns");
  EXPECT_EQ(holds->front().holder.uid, "u");
  EXPECT_EQ(holds->front().holds.at(0).digest, kDigest);
  EXPECT_THAT(lines(), ElementsAre("GET http://127.0.0.1:5000/v2/_lamina/holds?cluster=c&kind=OCIArtifact",
                                   "GET http://127.0.0.1:5000/v2/_lamina/holds?last=x"));
}

TEST_F(HoldsTest, HoldersOfWhatATagNames) {
  answer({{.headers = {{"Docker-Content-Digest", kDigest.to_string()},
                       {"Content-Type", std::string(media_type::kImageManifest)},
                       {"Content-Length", "8"}}},
          json(R"({"holders":[{)" + kObject + "}]}")});
  const auto holders = client().holders(ref("team/app:v1"));
  ASSERT_TRUE(holders) << holders.error().message;
  ASSERT_EQ(holders->size(), 1u);
  EXPECT_EQ(holders->front().name, "one");
  EXPECT_EQ(lines().back(), "GET http://127.0.0.1:5000/v2/team/app/_lamina/holders/" + kDigest.to_string());
}

TEST_F(HoldsTest, OperatorsVerbs) {
  answer({json(R"({"adopted":12})"), json(R"({"released":7})")});
  EXPECT_EQ(client().adopt_holds("", "c-1", "c-2").value(), 12u);
  EXPECT_EQ(sent().back().body, R"({"from":"c-1","to":"c-2"})");
  EXPECT_EQ(client().release_holds("", {.cluster = "c-2", .group = {}, .kind = "K"}).value(), 7u);
  EXPECT_EQ(sent().back().body, R"({"cluster":"c-2","kind":"K"})");
  EXPECT_THAT(lines(), ElementsAre("POST http://127.0.0.1:5000/v2/_lamina/holds/adopt",
                                   "POST http://127.0.0.1:5000/v2/_lamina/holds/release"));
}

TEST_F(HoldsTest, Orphans) {
  const std::string times = R"("published":"2026-11-24T10:00:00Z","expires":"2026-11-24T11:00:00Z")";
  const std::string name = R"({"repository":"team/app","digest":")" + kDigest.to_string() + '"';
  answer({json(R"({"orphans":[]})", "/v2/_lamina/orphans?last=x"),
          json(R"({"orphans":[)" + name + R"(,"tags":["v1"],"owner":{)" + kObject + "}," + times + "}," +
               name + R"(,"tags":[],)" + times + "}]}")});
  const auto orphans = client().orphans("");
  ASSERT_TRUE(orphans) << orphans.error().message;
  ASSERT_EQ(orphans->size(), 2u) << "an empty page is not the last";
  EXPECT_THAT(orphans->front().tags, ElementsAre("v1"));
  EXPECT_EQ(orphans->front().owner->name, "one");
  EXPECT_EQ(orphans->front().expires, "2026-11-24T11:00:00Z");
  EXPECT_FALSE(orphans->back().owner);
}

TEST_F(HoldsTest, APublishNamesItsOwner) {
  registry.lamina = true;
  PushOptions options;
  options.owner = Holder{"c", "lamina.dev", "OCIArtifact", "ns", "one", "u"};
  const auto path = write_file("layer", "bytes");
  const auto published = client().push(ref("r:1"), FileContent{path}, options);
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_TRUE(published->one_request);
  EXPECT_THAT(registry.published_json, HasSubstr(R"("owner":{)" + kObject + "}"));
  registry.lamina = false;
  Client other(impl());
  EXPECT_EQ(other.push(ref("r:1"), FileContent{path}, options).error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace lamina::client::testing
