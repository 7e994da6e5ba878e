// SPDX-License-Identifier: Apache-2.0
#include "kube/http_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/testing/fake_transport.h"
#include "kube/testing/turned_clock.h"

namespace lamina::kube {
namespace {

using http::testing::Answer;
using http::testing::FakeTransport;
using http::testing::Sent;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ResourceType kPod{.group = "", .version = "v1", .plural = "pods", .kind = "Pod"};
const ObjectKey kKey{"a", "x"};
const std::string kObject = R"({"kind":"Pod","metadata":{"name":"x","namespace":"a"}})";

Answer refusal(unsigned status, const std::string& members = {}) {
  return {.status = status, .body = R"({"kind":"Status","message":"no")" + members + "}"};
}

class HttpApiTest : public ::testing::Test {
 protected:
  /// An API whose server gives these answers in order.
  Api& api(std::vector<Answer> answers) {
    answers_ = std::move(answers);
    std::ranges::reverse(answers_);
    api_.emplace(config_, clock_,
                 Wiring{.connect = [this](const Identity& identity) { return connect(identity); },
                        .sleep = [this](milliseconds time) { slept_.push_back(time); },
                        .run_plugin = [this](const Config&) -> Result<ExecCredential> {
                          ++runs_;
                          return plugin_;
                        }});
    return *api_;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    lines.reserve(sent_.size());
    for (const Sent& sent : sent_) lines.push_back(sent.line());
    return lines;
  }

  Config config_{.server = "https://k:6443/prefix"};
  ExecCredential plugin_;
  testing::TurnedClock clock_;
  std::vector<Sent> sent_;
  std::vector<milliseconds> slept_;
  std::vector<std::string> certificates_;  // One a transport.
  int runs_ = 0;

 private:
  std::unique_ptr<http::Transport> connect(const Identity& identity) {
    certificates_.push_back(identity.certificate);
    return std::make_unique<FakeTransport>([this](const Sent& sent) {
      sent_.push_back(sent);
      if (answers_.empty()) return Answer{.refused = true};
      Answer answer = std::move(answers_.back());
      answers_.pop_back();
      return answer;
    });
  }

  std::vector<Answer> answers_;
  std::optional<HttpApi> api_;
};

TEST_F(HttpApiTest, RequestCarriesWhoAsks) {
  config_.token = "t";
  config_.impersonate_user = "eve";
  config_.impersonate_uid = "7";
  config_.impersonate_groups = {"g", "h"};
  config_.impersonate_extra = {{"a/b", "v"}};
  const auto object = api({{.body = kObject}}).patch(kPod, kKey, PatchType::kMerge, "{}");
  ASSERT_TRUE(object) << object.error().message;
  EXPECT_EQ(object->json, kObject);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].line(), "PATCH https://k:6443/prefix/api/v1/namespaces/a/pods/x");
  EXPECT_EQ(sent_[0].body, "{}");
  EXPECT_EQ(sent_[0].header("Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(sent_[0].header("Accept"), "application/json");
  EXPECT_EQ(sent_[0].header("Authorization"), "Bearer t");
  EXPECT_EQ(sent_[0].header("Impersonate-User"), "eve");
  EXPECT_EQ(sent_[0].header("Impersonate-Uid"), "7");
  EXPECT_THAT(sent_[0].headers.all("Impersonate-Group"), ElementsAre("g", "h"));
  EXPECT_EQ(sent_[0].header("Impersonate-Extra-a%2Fb"), "v");
}

TEST_F(HttpApiTest, PagesAreRead) {
  const auto page = api({{.body = R"({"kind":"PodList","apiVersion":"v1",
    "metadata":{"resourceVersion":"9","continue":"to\u006ben"},
    "items":[{"metadata":{"name":"x","namespace":"a","managedFields":[]},"spec":{}},
             {"spec":{},"kind":"Own","metadata":{"name":"y"}}]})"}})
                        .list(kPod, {}, {});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->resource_version, "9");
  EXPECT_EQ(page->next, "token");
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->items[0].key, kKey);
  EXPECT_EQ(page->items[0].json,
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"a"},"spec":{}})");
  EXPECT_EQ(page->items[1].json, R"({"spec":{},"kind":"Own","metadata":{"name":"y"}})");
}

TEST_F(HttpApiTest, ListOfNothing) {
  for (const char* body : {R"({"metadata":{"resourceVersion":"9"},"items":null})",
                           R"({"metadata":{"resourceVersion":"9"},"items":[]})"}) {
    const auto page = api({{.body = body}}).list(kPod, {}, {});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_THAT(page->items, IsEmpty());
    EXPECT_EQ(page->next, "");
  }
  EXPECT_EQ(api({{.body = "<html>"}}).list(kPod, {}, {}).error().code, Code::kInvalid);
}

TEST_F(HttpApiTest, WatchIsCutIntoLines) {
  std::vector<std::string> seen;
  const auto on_line = [&](std::string_view line) -> Result<void> {
    seen.emplace_back(line);
    return line == "stop" ? Result<void>(fail(Code::kConflict, "enough")) : Result<void>();
  };
  // It comes in pieces of seven bytes.
  ASSERT_TRUE(api({{.body = "one\n\n{\"a longer line\"}\nx\ny\ncut off"}}).watch(kPod, {}, on_line, {}));
  EXPECT_THAT(seen, ElementsAre("one", "{\"a longer line\"}", "x", "y"));
  const auto stopped = api({{.body = "stop\nnever\n"}}).watch(kPod, {}, on_line, {});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "enough");
  EXPECT_EQ(api({refusal(410)}).watch(kPod, {}, on_line, {}).error().code, Code::kOutOfRange);
  // The caller backs off itself.
  EXPECT_EQ(api({refusal(429)}).watch(kPod, {}, on_line, {}).error().code, Code::kUnavailable);
  EXPECT_THAT(slept_, IsEmpty());
}

TEST_F(HttpApiTest, RepeatsWhatTheServerDidNotDo) {
  const Answer busy = refusal(429, R"(,"details":{"retryAfterSeconds":2})");
  const Answer gone{.status = 503, .headers = {{"Retry-After", "3"}}};
  ASSERT_TRUE(api({busy, gone, refusal(429), {.body = kObject}}).create(kPod, "a", "{}"));
  EXPECT_THAT(slept_, ElementsAre(milliseconds(2000), milliseconds(3000), milliseconds(1000)));
  for (const Sent& sent : sent_) EXPECT_EQ(sent.body, "{}");
}

TEST_F(HttpApiTest, RepeatsForSomeSecondsOnly) {
  const Answer busy = refusal(429);
  EXPECT_EQ(api({busy, busy, busy, busy, busy, busy}).get(kPod, kKey).error().code, Code::kUnavailable);
  EXPECT_EQ(sent_.size(), 5U);
  slept_.clear();
  const auto far = api({{.status = 503, .headers = {{"Retry-After", "60"}}}}).get(kPod, kKey);
  EXPECT_THAT(far.error().detail, ElementsAre("", "retryAfterSeconds=60"));
  EXPECT_THAT(slept_, IsEmpty());
}

TEST_F(HttpApiTest, RepeatsNothingElse) {
  for (const unsigned status : {400U, 403U, 404U, 409U, 410U, 422U, 500U, 503U, 504U}) {
    sent_.clear();
    EXPECT_FALSE(api({refusal(status)}).update(kPod, kKey, "{}")) << status;
    EXPECT_EQ(sent_.size(), 1U) << status;
  }
  sent_.clear();
  EXPECT_EQ(api({{.refused = true}}).get(kPod, kKey).error().code, Code::kUnavailable);
  EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(HttpApiTest, CredentialsAreReadAgainOnceAfter401) {
  config_.exec.emplace();
  plugin_.token = "p";
  ASSERT_TRUE(api({refusal(401), {.body = kObject}}).get(kPod, kKey));
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(api({refusal(401), refusal(401)}).get(kPod, kKey).error().code, Code::kUnauthorized);
  config_.exec.reset();
  config_.token = "t";
  sent_.clear();
  EXPECT_EQ(api({refusal(401)}).get(kPod, kKey).error().code, Code::kUnauthorized);
  EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(HttpApiTest, ConnectsAnewOnlyForAnotherCertificate) {
  config_.exec.emplace();
  plugin_ = {.token = "p", .certificate = "C1", .key = "K1", .expires = {}};
  Api& api = this->api({{.body = kObject}, refusal(401), {.body = kObject}, refusal(401), {.body = kObject}});
  ASSERT_TRUE(api.get(kPod, kKey));
  plugin_.token = "q";
  ASSERT_TRUE(api.get(kPod, kKey));
  EXPECT_THAT(certificates_, ElementsAre("C1"));
  EXPECT_EQ(sent_.back().header("Authorization"), "Bearer q");
  plugin_.certificate = "C2";
  ASSERT_TRUE(api.get(kPod, kKey));
  EXPECT_THAT(certificates_, ElementsAre("C1", "C2"));
}

TEST_F(HttpApiTest, TypesAreAskedForOnceAndAfterAMiss) {
  const Answer core{
      .body =
          R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","resources":[
    {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod"}]}]}]})"};
  const Answer none{.body = R"({"kind":"APIGroupDiscoveryList","items":[]})"};
  const Answer more{
      .body =
          R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"g"},"versions":[{"version":"v1","resources":[
    {"resource":"things","responseKind":{"kind":"Thing"},"scope":"Cluster"}]}]}]})"};
  Api& api = this->api({core, none, core, none, core, more});
  EXPECT_EQ(api.resolve_type("Pod"), kPod);
  EXPECT_EQ(api.resolve_type("pods"), kPod);
  EXPECT_EQ(sent_.size(), 2U);
  EXPECT_EQ(api.resolve_type("thing").error().code, Code::kNotFound);
  EXPECT_EQ(api.resolve_type("thing"), (ResourceType{"g", "v1", "things", "Thing", false}));
  EXPECT_EQ(api.resolve_type("pod"), kPod);
  EXPECT_EQ(sent_.size(), 6U);
}

TEST_F(HttpApiTest, TypesOfAServerThatDoesNotAggregate) {
  Api& api = this->api({{.body = R"({"kind":"APIVersions","versions":["v1"]})"},
                        {.body = R"({"kind":"APIResourceList","groupVersion":"v1","resources":[
                              {"name":"pods","namespaced":true,"kind":"Pod"}]})"},
                        {.body = R"({"kind":"APIGroupList","groups":[
                              {"name":"down","versions":[{"groupVersion":"down/v1"}]},
                              {"name":"g","versions":[{"groupVersion":"g/v1"}]}]})"},
                        refusal(503),
                        {.body = R"({"kind":"APIResourceList","groupVersion":"g/v1","resources":[
                              {"name":"things","namespaced":false,"kind":"Thing"}]})"}});
  EXPECT_EQ(api.resolve_type("thing"), (ResourceType{"g", "v1", "things", "Thing", false}));
  const std::string base = "GET https://k:6443/prefix";
  EXPECT_THAT(lines(), ElementsAre(base + "/api", base + "/api/v1", base + "/apis", base + "/apis/down/v1",
                                   base + "/apis/g/v1"));
  EXPECT_EQ(api.resolve_type("pod"), kPod);
}

}  // namespace
}  // namespace lamina::kube
