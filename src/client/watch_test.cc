// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <deque>
#include <numeric>

#include "client/testing/client_fixture.h"
#include "oci/json_writer.h"

namespace lamina::client::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string query_value(const std::string& url, const std::string& name) {
  const std::size_t at = url.find(name + '=');
  return at == std::string::npos ? ""
                                 : url.substr(at + name.size() + 1, url.find('&', at) - at - name.size() - 1);
}

/// A registry with a change log. When a request waits, the next step of the test happens; after the last one
/// the watch is stopped.
class WatchTest : public ClientTest {
 protected:
  using Step = std::function<std::optional<Answer>()>;

  WatchTest() {
    registry.lamina = true;
    intercept = [this](const Sent& request) { return answer(request); };
  }

  Digest put(const std::string& tag, const std::string& content, const std::string& repository = "r") {
    const Digest digest = registry.put_manifest(repository, tag, "application/x", content);
    log_.push_back({repository, tag, digest, true});
    return digest;
  }
  void remove(const std::string& tag) {
    registry.tags.erase("r:" + tag);
    log_.push_back({"r", tag, Digest::of("before"), false});
  }
  void lose_log() {
    log_.clear();
    epoch_ += 'x';
  }
  /// Something that happens while a request waits, in this order.
  void then(std::function<void()> step) {
    steps_.emplace_back([step = std::move(step)] {
      step();
      return std::nullopt;
    });
  }
  void then_answer(Answer answer) {
    steps_.emplace_back([answer = std::move(answer)] { return std::optional(answer); });
  }

  /// "tag=content", "tag gone"; a "!" before what was there at the beginning.
  std::vector<std::string> watch(const std::string& reference = "r:v1", const Code end = Code::kCancelled) {
    std::vector<std::string> seen;
    const auto watched = client().watch(ref(reference), options(), [&](const ChangeEvent& event) {
      std::string line = (event.present ? "!" : "") + event.tag.str();
      line += event.digest ? '=' + registry.manifests.at("r@" + event.digest->to_string()).bytes : " gone";
      seen.push_back(std::move(line));
      return seen.size() < enough;
    });
    EXPECT_EQ(watched ? "" : to_string(watched.error().code), enough > seen.size() ? to_string(end) : "");
    return seen;
  }
  WatchOptions options() { return {.stop = stop_.get_token()}; }

  std::function<void()> before_head, after_head;
  std::size_t enough = 100;

 private:
  struct Change {
    std::string repository, tag;
    Digest digest;
    bool set;
  };

  std::optional<Answer> answer(const Sent& request) {
    if (request.method == "HEAD") {
      if (before_head) std::exchange(before_head, {})();
      Answer answer = registry(request);
      if (after_head) std::exchange(after_head, {})();
      return answer;
    }
    if (request.url.ends_with("/tags/list")) return Answer{.body = tags()};
    if (!request.url.contains("/v2/_lamina/changes")) {
      if (!request.url.ends_with("/v2/")) ADD_FAILURE() << request.line();
      return std::nullopt;
    }
    const std::string since = query_value(request.url, "since");
    if (since.empty()) return page(log_.size(), request);
    const std::size_t dash = since.find('-');
    if (since.substr(0, dash) != epoch_) return Answer{.status = 410};
    Answer found = page(std::stoul(since.substr(dash + 1)), request);
    if (!found.body.contains(R"("changes":[])") || query_value(request.url, "wait").empty()) return found;
    if (steps_.empty()) {
      stop_.request_stop();
      return found;
    }
    const auto step = std::move(steps_.front());
    steps_.pop_front();
    if (auto own = step()) return own;
    // As a server that was restarted with other data: it has not seen the request.
    if (since.substr(0, dash) != epoch_) return Answer{.refused = true};
    return page(std::stoul(since.substr(dash + 1)), request);
  }
  Answer page(std::size_t from, const Sent& request) const {
    oci::JsonWriter json;
    json.begin_object().name("changes").begin_array();
    const std::string tag = query_value(request.url, "tag");
    for (std::size_t at = from; at < log_.size(); ++at) {
      const Change& change = log_[at];
      if (change.repository != query_value(request.url, "repository")) continue;
      if (!tag.empty() && change.tag != tag) continue;
      json.begin_object().name("sequence").integer(at).name("kind");
      json.string(change.set ? "tag-set" : "tag-removed").name("repository").string(change.repository);
      json.name("tag").string(change.tag).name("digest").string(change.digest.to_string()).end_object();
    }
    json.end_array().name("next").string(epoch_ + '-' + std::to_string(log_.size())).end_object();
    return {.body = json.take()};
  }
  std::string tags() const {
    oci::JsonWriter json;
    json.begin_object().name("tags").begin_array();
    for (const auto& [name, digest] : registry.tags) json.string(name.substr(name.find(':') + 1));
    return json.end_array().end_object().take();
  }

  std::string epoch_ = "e";
  std::vector<Change> log_;
  std::deque<Step> steps_;
  std::stop_source stop_;
};

TEST_F(WatchTest, BeginsWithThePresentStateAndTellsEachChange) {
  put("v1", "1");
  then([&] { put("v1", "2"); });
  then([&] {
    put("v2", "other");
    put("v1", "3");
    put("v1", "4");
    put("v1", "3");
  });
  EXPECT_THAT(watch(), ElementsAre("!v1=1", "v1=2", "v1=3", "v1=4", "v1=3"));
  EXPECT_THAT(lines(), Contains(HasSubstr("&repository=r&tag=v1&wait=30")));
}

TEST_F(WatchTest, TellsADigestOnceInARow) {
  put("v1", "1");
  then([&] { put("v1", "1"); });
  then([&] { remove("v1"); });
  then([&] { remove("v1"); });
  then([&] { put("v1", "1"); });
  EXPECT_THAT(watch(), ElementsAre("!v1=1", "v1 gone", "v1=1"));
}

TEST_F(WatchTest, WaitsForATagThatIsNotThere) {
  then([&] { put("v1", "1"); });
  EXPECT_THAT(watch(), ElementsAre("v1=1"));
}

TEST_F(WatchTest, WhatHappensWhileTheStateIsReadIsInOrder) {
  put("v1", "1");
  const auto between = [&] {
    put("v1", "2");
    put("v1", "3");
  };
  before_head = between;
  EXPECT_THAT(watch(), ElementsAre("v1=2", "v1=3")) << "not 3, 2, 3";
}

TEST_F(WatchTest, WhatHappensAfterTheStateWasReadIsNotMissed) {
  put("v1", "1");
  after_head = [&] {
    put("v1", "2");
    put("v1", "3");
  };
  EXPECT_THAT(watch(), ElementsAre("v1=2", "v1=3"));
}

TEST_F(WatchTest, ARepositoryIsAllItsTags) {
  put("v1", "1");
  put("v2", "2");
  after_head = [&] { put("v1", "3"); };
  then([&] { put("v3", "4"); });
  then([&] { put("v9", "elsewhere", "other"); });
  then([&] { remove("v2"); });
  EXPECT_THAT(watch("r"), ElementsAre("v1=3", "!v2=2", "v3=4", "v2 gone"));
}

TEST_F(WatchTest, ARepositoryThatIsNotThereIsEmpty) {
  then([&] { put("v1", "1"); });
  EXPECT_THAT(watch("r"), ElementsAre("v1=1"));
}

TEST_F(WatchTest, SurvivesWhatMayPass) {
  put("v1", "1");
  then_answer({.refused = true});
  then_answer({.status = 503, .headers = {{"Retry-After", "1"}}});
  then_answer({.body = R"({"changes":[{"seq)", .cut = 5});
  then_answer({.status = 502, .body = "<html>"});
  then_answer({.body = "<html>of a proxy"});
  then([&] { put("v1", "2"); });
  EXPECT_THAT(watch(), ElementsAre("!v1=1", "v1=2"));
  EXPECT_THAT(pauses, Contains(std::chrono::milliseconds(100))) << "it does not come back at once";
}

TEST_F(WatchTest, ReadsTheStateAnewWhereTheLogIsLost) {
  put("v1", "1");
  put("v2", "2");
  put("v3", "3");
  then([&] {
    lose_log();
    registry.tags.erase("r:v2");
    registry.put_manifest("r", "v1", "application/x", "new");
    after_head = [&] { put("v3", "4"); };
  });
  then([&] { put("v1", "newer"); });
  EXPECT_THAT(watch("r"), ElementsAre("!v1=1", "!v2=2", "!v3=3", "v3=4", "v1=new", "v2 gone", "v1=newer"));
}

TEST_F(WatchTest, ALostLogWithoutAChangeTellsNothing) {
  put("v1", "1");
  then([&] { lose_log(); });
  EXPECT_THAT(watch(), ElementsAre("!v1=1"));
}

TEST_F(WatchTest, ATagThatComesAndGoesWhileTheLogIsLostIsInOrder) {
  put("v1", "1");
  then([&] {
    lose_log();
    before_head = [&] {
      put("v1", "2");
      remove("v1");
    };
  });
  EXPECT_THAT(watch(), ElementsAre("!v1=1", "v1=2", "v1 gone")) << "not gone first";
}

TEST_F(WatchTest, EndsWhenTheCallbackHasEnough) {
  put("v1", "1");
  then([&] {
    put("v1", "2");
    put("v1", "3");
  });
  enough = 2;
  EXPECT_THAT(watch(), ElementsAre("!v1=1", "v1=2"));
}

TEST_F(WatchTest, ARegistryThatNeverAnswersIsAnError) {
  intercept = [](const Sent&) { return Answer{.refused = true}; };
  EXPECT_THAT(watch("r:v1", Code::kUnavailable), IsEmpty());
}

TEST_F(WatchTest, EndsWithWhatDoesNotPass) {
  put("v1", "1");
  then_answer({.status = 403});
  EXPECT_THAT(watch("r:v1", Code::kDenied), ElementsAre("!v1=1"));
}

TEST_F(WatchTest, APauseCanBeGivenUp) {
  put("v1", "1");
  int asked = 0;
  client_options.cancelled = [&] { return ++asked > 20; };
  for (int count = 0; count < 100; ++count) then_answer({.refused = true});
  EXPECT_THAT(watch(), ElementsAre("!v1=1"));
  for (const auto pause : pauses) EXPECT_LE(pause, std::chrono::milliseconds(200));
}

TEST_F(WatchTest, AnotherRegistryIsAskedFromTimeToTime) {
  registry.lamina = false;
  int looks = 0;
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (request.method == "HEAD") {
      ++looks;
      if (looks == 2) registry.put_manifest("r", "v1", "application/x", "1");
      if (looks == 3) return Answer{.refused = true};
      if (looks == 6) registry.put_manifest("r", "v1", "application/x", "2");
      if (looks == 7) registry.tags.clear();
    }
    return std::nullopt;
  };
  enough = 3;
  EXPECT_THAT(watch(), ElementsAre("v1=1", "v1=2", "v1 gone"));
  EXPECT_GE(std::accumulate(pauses.begin(), pauses.end(), std::chrono::milliseconds{}),
            std::chrono::seconds(5 * 30));
  EXPECT_EQ(client().watch(ref("r"), {}, [](const auto&) { return true; }).error().code, Code::kUnsupported);
}

TEST_F(WatchTest, AnIdentityNamesATag) {
  const Identity identity{{"component-name", "app"}, {"component-version", "1"}};
  intercept = [&](const Sent& request) -> std::optional<Answer> {
    if (!request.url.contains("/manifests/")) return std::nullopt;
    return Answer{.status = 403};
  };
  registry.lamina = false;
  EXPECT_EQ(client().watch("127.0.0.1:5000", identity, {}, [](const auto&) { return true; }).error().code,
            Code::kDenied);
  EXPECT_THAT(lines(), Contains(HasSubstr("/v2/" + repository_of(identity)->str() + "/manifests/1")));
}

TEST_F(WatchTest, RefusesWhatNeverChanges) {
  const auto never = [](const ChangeEvent&) { return true; };
  EXPECT_EQ(client().watch(ref("r@" + Digest::of("x").to_string()), {}, never).error().code, Code::kInvalid);
  EXPECT_EQ(client().watch(ref("r:v1"), {.interval = {}}, never).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina::client::testing
