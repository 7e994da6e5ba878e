// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kPath = "/v2/_lamina/changes";

std::string member(const oci::Json& object, std::string_view name) {
  const oci::Json* found = object.find(name);
  const auto* text = found == nullptr ? nullptr : found->as<std::string>();
  return text == nullptr ? "" : *text;
}

/// "tag-set a:v1@<8 hex>" of each change.
std::vector<std::string> changes(const Reply& reply) {
  std::vector<std::string> lines;
  EXPECT_EQ(reply.status, 200u) << reply.body;
  if (reply.status != 200) return lines;
  const oci::Json document = reply.json();
  std::int64_t last = 0;
  for (const oci::Json& change : *document.find("changes")->as<oci::Json::Array>()) {
    const std::string tag = member(change, "tag");
    lines.push_back(member(change, "kind") + ' ' + member(change, "repository") +
                    (tag.empty() ? "" : ':' + tag) + '@' + member(change, "digest").substr(7, 8));
    const std::int64_t sequence = *change.find("sequence")->as<std::int64_t>();
    EXPECT_GE(sequence, last) << "in the order of the commits";
    last = sequence;
  }
  return lines;
}

std::string next(const Reply& reply) { return member(reply.json(), "next"); }

Options waiting_for_ever() {
  Options options;
  options.longest_wait = std::chrono::hours(1);
  return options;
}

class ChangesApiTest : public testing::Test {
 protected:
  std::string now() { return next(server.get(kPath)); }
  Reply since(const std::string& position, const std::string& more = {}) {
    return server.get(std::string(kPath) + "?since=" + position + more);
  }
  /// A request that waits, once it does.
  std::future<Reply> wait(const std::string& position, const std::string& more = {}) {
    const std::size_t before = server.registry().waiting();
    auto reply = std::async(std::launch::async, [=, this] { return since(position, "&wait=9999" + more); });
    while (server.registry().waiting() == before) std::this_thread::yield();
    return reply;
  }
  static std::string shown(const Digest& digest) { return '@' + digest.hex().substr(0, 8); }

  RegistryServer server{waiting_for_ever()};
};

TEST_F(ChangesApiTest, WithoutSinceItTellsWhereTheLogEnds) {
  server.push_image("a", "v1");
  const Reply reply = server.get(kPath);
  EXPECT_THAT(changes(reply), IsEmpty());
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_THAT(changes(since(next(reply))), IsEmpty());
}

TEST_F(ChangesApiTest, EachKindOfChangeIsTold) {
  const std::string start = now();
  const Digest digest = server.push_image("team/app", "v1");
  EXPECT_EQ(server.remove("/v2/team/app/manifests/v1").status, 202u);
  EXPECT_EQ(server.remove(manifest_path("team/app", digest)).status, 202u);
  const Reply reply = since(start);
  EXPECT_THAT(
      changes(reply),
      ElementsAre("manifest-put team/app" + shown(digest), "tag-set team/app:v1" + shown(digest),
                  "tag-removed team/app:v1" + shown(digest), "manifest-removed team/app" + shown(digest)));
  EXPECT_EQ(next(reply), now());
  EXPECT_THAT(reply.body, HasSubstr(R"("kind":"manifest-put","repository":"team/app","digest":"sha256:)"));
}

TEST_F(ChangesApiTest, FiltersAndPages) {
  const std::string start = now();
  const std::string one = shown(server.push_image("a", "v1", {"1"}));
  const std::string two = shown(server.push_image("a/b", "v1", {"2"}));
  const std::string three = shown(server.push_image("a/b", "v2", {"3"}));
  EXPECT_THAT(changes(since(start, "&repository=a")),
              ElementsAre("manifest-put a" + one, "tag-set a:v1" + one));
  EXPECT_THAT(changes(since(start, "&repository=a/**&tag=v2")), ElementsAre("tag-set a/b:v2" + three));
  EXPECT_THAT(changes(since(start, "&tag=v1")), ElementsAre("tag-set a:v1" + one, "tag-set a/b:v1" + two));
  EXPECT_EQ(changes(since(start, "&repository=**")).size(), 6u);
  EXPECT_THAT(changes(since(start, "&repository=b")), IsEmpty());
  std::string position = start;
  std::vector<std::string> tags;
  for (int pages = 0; pages < 3; ++pages) {
    const Reply reply = since(position, "&n=1&repository=a/**");
    tags.push_back(changes(reply).front());
    position = next(reply);
    if (pages == 1) {
      EXPECT_THAT(changes(since(position, "&repository=a/**")), IsEmpty());
      break;
    }
  }
  EXPECT_THAT(tags, ElementsAre("manifest-put a/b" + two, "manifest-put a/b" + three)) << "whole commits";
}

TEST_F(ChangesApiTest, AWaitingRequestIsAnsweredByTheChangeThatItWaitsFor) {
  const std::string start = now();
  auto reply = wait(start, "&repository=a&tag=v1");
  server.push_image("b", "v1");
  server.push_image("a", "v2");
  EXPECT_EQ(server.registry().waiting(), 1u) << "neither of these";
  const Digest digest = server.push_image("a", "v1");
  EXPECT_THAT(changes(reply.get()), ElementsAre("tag-set a:v1" + shown(digest)));
  EXPECT_EQ(server.registry().waiting(), 0u);
}

TEST_F(ChangesApiTest, WhoWaitsAsksTheStoreNothing) {
  const std::string start = now();
  std::atomic<int> reads = 0;
  server.store().meta.before_read([&]() -> std::optional<Error> {
    ++reads;
    return std::nullopt;
  });
  since(start);
  const int once = reads;
  EXPECT_GT(once, 0);
  auto reply = wait(start);
  // Before it waits it looks twice: at first, and when it can no longer be missed.
  while (reads < 3 * once) std::this_thread::yield();
  for (int count = 0; count < 100; ++count) EXPECT_EQ(server.get("/livez").status, 200u);
  EXPECT_EQ(reads, 3 * once);
  EXPECT_EQ(server.registry().waiting(), 1u);
  server.push_image("a", "v1");
  EXPECT_THAT(changes(reply.get()), testing::Not(IsEmpty()));
}

TEST_F(ChangesApiTest, AChangeThatIsThereIsNotWaitedFor) {
  const std::string start = now();
  server.push_image("a", "v1");
  EXPECT_EQ(changes(since(start, "&wait=60")).size(), 2u);
}

TEST_F(ChangesApiTest, ManyWait) {
  constexpr std::size_t kWaiting = 50;
  const std::string start = now();
  std::vector<std::future<Reply>> replies;
  replies.reserve(kWaiting);
  for (std::size_t count = 0; count < kWaiting; ++count) replies.push_back(wait(start, "&repository=a"));
  const Digest digest = server.push_image("a", "v1");
  for (auto& reply : replies) {
    const Reply answer = reply.get();
    EXPECT_THAT(changes(answer), testing::Contains("manifest-put a" + shown(digest)));
  }
}

TEST_F(ChangesApiTest, FollowersMissNothing) {
  constexpr std::size_t kFollowers = 4, kPublishes = 30;
  const std::string start = now();
  std::vector<std::future<std::vector<std::string>>> followers;
  followers.reserve(kFollowers);
  for (std::size_t count = 0; count < kFollowers; ++count) {
    followers.push_back(std::async(std::launch::async, [&] {
      std::vector<std::string> seen;
      std::string position = start;
      while (seen.size() < kPublishes) {
        const Reply reply = since(position, "&wait=60&tag=v1");
        for (const auto& change : changes(reply)) seen.push_back(change);
        if (reply.status != 200) break;
        position = next(reply);
      }
      return seen;
    }));
  }
  std::vector<std::string> set;
  set.reserve(kPublishes);
  for (std::size_t count = 0; count < kPublishes; ++count) {
    set.push_back("tag-set a:v1" + shown(server.push_image("a", "v1", {std::to_string(count)})));
  }
  for (auto& follower : followers) EXPECT_EQ(follower.get(), set);
}

TEST_F(ChangesApiTest, StoppingAnswersThoseWhoWait) {
  const std::string start = now();
  auto first = wait(start), second = wait(start, "&repository=a&tag=v1");
  server.registry().stop_waiting();
  for (auto* reply : {&first, &second}) {
    const Reply answer = reply->get();
    EXPECT_THAT(changes(answer), IsEmpty());
    EXPECT_EQ(next(answer), start);
  }
  EXPECT_THAT(changes(since(start, "&wait=60")), IsEmpty()) << "from then on nobody waits";
}

TEST(ChangesApi, AWaitEnds) {
  Options options;
  options.longest_wait = std::chrono::milliseconds(1);
  RegistryServer server(options);
  const std::string start = next(server.get(kPath));
  server.push_image("b", "v1");
  const Reply reply = server.get(std::string(kPath) + "?since=" + start + "&wait=60&repository=a");
  EXPECT_THAT(changes(reply), IsEmpty());
  EXPECT_EQ(next(reply), next(server.get(kPath))) << "what does not match need not be looked at again";
}

TEST(ChangesApi, NoMoreWaitThanMay) {
  Options options;
  options.waiters = 0;
  RegistryServer server(options);
  const std::string start = next(server.get(kPath));
  const Reply refused = server.get(std::string(kPath) + "?since=" + start + "&wait=60");
  EXPECT_EQ(refused.status, 503u);
  EXPECT_EQ(refused.error_id(), "TOOMANYREQUESTS");
  EXPECT_NE(refused.field("Retry-After"), "");
  EXPECT_EQ(server.registry().waiting(), 0u);
  server.push_image("a", "v1");
  EXPECT_EQ(changes(server.get(std::string(kPath) + "?since=" + start + "&wait=60")).size(), 2u)
      << "this one need not wait";
}

TEST_F(ChangesApiTest, APositionOfAnotherLogIsGone) {
  const std::string position = now();
  const std::string epoch = position.substr(0, position.find('-'));
  for (const std::string& other : {std::string("0123-1"), "0" + position, epoch + "-999999"}) {
    const Reply reply = since(other, "&wait=60");
    EXPECT_EQ(reply.status, 410u) << other << reply.body;
    EXPECT_EQ(reply.error_id(), "UNSUPPORTED");
    EXPECT_THAT(reply.error_message(), HasSubstr("Ask without `since`"));
  }
}

TEST_F(ChangesApiTest, RefusesWhatIsMalformed) {
  const std::pair<std::string, std::string> cases[] = {
      {"since=", "UNSUPPORTED"},
      {"since=17", "UNSUPPORTED"},
      {"since=a-", "UNSUPPORTED"},
      {"repository=A", "NAME_INVALID"},
      {"repository=/**", "NAME_INVALID"},
      {"repository=a/*", "NAME_INVALID"},
      {"tag=-", "MANIFEST_INVALID"},
      {"wait=", "UNSUPPORTED"},
      {"wait=1.5", "UNSUPPORTED"},
      {"wait=-1", "UNSUPPORTED"},
      {"wait=soon", "UNSUPPORTED"},
      {"n=0", "UNSUPPORTED"},
      {"n=x", "UNSUPPORTED"},
  };
  for (const auto& [query, id] : cases) {
    const Reply reply = server.get(std::string(kPath) + '?' + query);
    EXPECT_EQ(reply.status, 400u) << query << reply.body;
    EXPECT_EQ(reply.error_id(), id) << query;
  }
}

}  // namespace
}  // namespace lamina::registry
