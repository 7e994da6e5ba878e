// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/fake_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "kube/testing/said.h"

namespace lamina::kube::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const ResourceType kWidget{.group = "example.dev", .version = "v1", .plural = "widgets", .kind = "Widget"};
const ObjectKey kKey{"a", "x"};

class FakeApiTest : public ::testing::Test {
 protected:
  FakeApiTest() { api_.add_type(kWidget, {"wdg"}); }

  static std::string widget(const std::string& more, const std::string& metadata = {}) {
    return R"({"apiVersion":"example.dev/v1","kind":"Widget","metadata":{"name":"x")" + metadata + "}" +
           more + "}";
  }
  Result<Object> apply(const std::string& manager, const std::string& more, bool force = false,
                       const char* subresource = "") {
    return api_.patch(kWidget, kKey, PatchType::kApply, widget(more),
                      {.subresource = subresource, .field_manager = manager, .force = force});
  }
  std::string now() const { return api_.find(kWidget, kKey)->json; }

  FakeApi api_;
};

TEST_F(FakeApiTest, ObjectsLiveAsOnAServer) {
  const auto made = api_.create(kWidget, "a", widget(R"(,"spec":{"n":1},"status":{"s":1})"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->generation, 1);
  EXPECT_THAT(made->json, Not(HasSubstr("status")));
  EXPECT_EQ(api_.create(kWidget, "a", widget("")).error().code, Code::kConflict);

  std::string json = made->json;
  json.replace(json.find(R"("n":1)"), 5, R"("n":2)");
  const auto updated = api_.update(kWidget, kKey, json);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(updated->generation, 2);
  EXPECT_EQ(updated->uid, made->uid);
  EXPECT_EQ(api_.update(kWidget, kKey, json).error().code, Code::kConflict);

  const auto status = api_.patch(kWidget, kKey, PatchType::kMerge, R"({"spec":{"n":9},"status":{"s":2}})",
                                 {.subresource = "status"});
  ASSERT_TRUE(status);
  EXPECT_EQ(status->generation, 2);
  EXPECT_THAT(status->json, AllOf(HasSubstr(R"("n":2)"), HasSubstr(R"("s":2)")));
  const auto same = api_.patch(kWidget, kKey, PatchType::kMerge, R"({"status":{"s":7}})");
  EXPECT_EQ(same->resource_version, status->resource_version);
  EXPECT_THAT(api_.patch(kWidget, kKey, PatchType::kJson, R"([{"op":"test","path":"/spec/n","value":2},
      {"op":"add","path":"/spec/list","value":[1]},{"op":"add","path":"/spec/list/-","value":2}])")
                  ->json,
              HasSubstr(R"("list":[1,2])"));
  EXPECT_FALSE(api_.patch(kWidget, kKey, PatchType::kJson, R"([{"op":"test","path":"/spec/n","value":3}])"));

  EXPECT_EQ(api_.remove(kWidget, kKey, {.uid = "other"}).error().code, Code::kConflict);
  ASSERT_TRUE(api_.remove(kWidget, kKey, {.uid = made->uid}));
  EXPECT_EQ(api_.get(kWidget, kKey).error().code, Code::kNotFound);
  EXPECT_EQ(api_.writes().size(), 10U);
}

TEST_F(FakeApiTest, FinalizersHoldWhatIsRemoved) {
  ASSERT_TRUE(api_.create(kWidget, "a", widget("", R"(,"finalizers":["f"])")));
  ASSERT_TRUE(api_.remove(kWidget, kKey));
  EXPECT_TRUE(api_.get(kWidget, kKey)->deleting);
  ASSERT_TRUE(api_.patch(kWidget, kKey, PatchType::kMerge, R"({"metadata":{"finalizers":null}})"));
  EXPECT_FALSE(api_.find(kWidget, kKey));
}

TEST_F(FakeApiTest, ManagersOwnWhatTheyApply) {
  ASSERT_TRUE(apply("a", R"(,"spec":{"n":1,"own":true})"));
  const auto conflict = apply("b", R"(,"spec":{"n":2})");
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code, Code::kConflict);
  ASSERT_TRUE(apply("b", R"(,"spec":{"n":2,"more":[1]})", true));
  EXPECT_THAT(now(), HasSubstr(R"("spec":{"n":2,"own":true,"more":[1]})"));
  // `a` has lost n, so that leaving it out does not remove it.
  ASSERT_TRUE(apply("a", R"(,"spec":{})"));
  EXPECT_THAT(now(), HasSubstr(R"("spec":{"n":2,"more":[1]})"));
  const std::string version = api_.find(kWidget, kKey)->resource_version;
  EXPECT_EQ(apply("b", R"(,"spec":{"n":2,"more":[1]})")->resource_version, version);

  ASSERT_TRUE(apply("a", R"(,"spec":{"n":7},"status":{"s":1})", false, "status"));
  EXPECT_THAT(now(), AllOf(HasSubstr(R"("n":2)"), HasSubstr(R"("s":1)")));
  EXPECT_FALSE(api_.patch(kWidget, {"a", "none"}, PatchType::kApply, "{}",
                          {.subresource = "status", .field_manager = "a"}));
  EXPECT_FALSE(apply("", ""));
}

TEST_F(FakeApiTest, ListsAreSelectedAndPaged) {
  for (const char* name : {"p1", "p2", "p3"}) {
    api_.put(kWidget,
             R"({"metadata":{"namespace":"a","labels":{"k":"v"},"name":")" + std::string(name) + "\"}}");
  }
  api_.put(kWidget, R"({"metadata":{"namespace":"b","name":"q"}})");
  const auto first = api_.list(kWidget, {.label_selector = "k=v", .limit = 2}, {});
  ASSERT_EQ(first->items.size(), 2U);
  const auto second = api_.list(kWidget, {.label_selector = "k=v", .limit = 2}, first->next);
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->next, "");
  EXPECT_EQ(api_.list(kWidget, {.label_selector = "k!=v"}, {})->items.size(), 1U);
  EXPECT_EQ(api_.list(kWidget, {.label_selector = "!k"}, {})->items.size(), 1U);
  EXPECT_EQ(api_.list(kWidget, {.field_selector = "metadata.name=p2"}, {})->items.size(), 1U);
  EXPECT_EQ(api_.list(kWidget, {.namespace_name = "a"}, {})->items.size(), 3U);
}

TEST_F(FakeApiTest, WatchesTellWhatChanges) {
  api_.put(kWidget, R"({"metadata":{"namespace":"a","name":"x","labels":{"k":"v"}}})");
  Said said;
  std::stop_source stop;
  Result<void> ended;
  {
    std::jthread watcher([&] {
      ended = api_.watch(
          kWidget, {.label_selector = "k=v", .initial_events = true},
          [&](std::string_view line) -> Result<void> {
            said.add(std::string(line));
            return {};
          },
          stop.get_token());
    });
    EXPECT_THAT(said.next(), StartsWith(R"({"type":"ADDED")"));
    EXPECT_THAT(said.next(), HasSubstr("k8s.io/initial-events-end"));
    ASSERT_TRUE(api_.patch(kWidget, kKey, PatchType::kMerge, R"({"spec":{}})"));
    EXPECT_THAT(said.next(), StartsWith(R"({"type":"MODIFIED")"));
    ASSERT_TRUE(api_.patch(kWidget, kKey, PatchType::kMerge, R"({"metadata":{"labels":null}})"));
    EXPECT_THAT(said.next(), StartsWith(R"({"type":"DELETED")"));
    ASSERT_TRUE(api_.patch(kWidget, kKey, PatchType::kMerge, R"({"metadata":{"labels":{"k":"v"}}})"));
    EXPECT_THAT(said.next(), StartsWith(R"({"type":"ADDED")"));
    ASSERT_TRUE(api_.remove(kWidget, kKey));
    EXPECT_THAT(said.next(), StartsWith(R"({"type":"DELETED")"));
    stop.request_stop();
  }
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::kCancelled);
}

TEST_F(FakeApiTest, HistoryCanBeReplayedAndForgotten) {
  const Object first = api_.put(kWidget, R"({"metadata":{"namespace":"a","name":"x"}})");
  api_.put(kWidget, R"({"metadata":{"namespace":"a","name":"x"},"spec":{}})");
  const WatchOptions options{.resource_version = first.resource_version};
  std::vector<std::string> lines;
  const auto watch = [&] {
    return api_.watch(kWidget, options,
                      [&](std::string_view line) -> Result<void> {
                        lines.emplace_back(line);
                        return fail(Code::kPrecondition, "enough");
                      },
                      {});
  };
  EXPECT_EQ(watch().error().code, Code::kPrecondition);
  EXPECT_THAT(lines, ElementsAre(StartsWith(R"({"type":"MODIFIED")")));
  api_.forget_history();
  EXPECT_EQ(watch().error().code, Code::kOutOfRange);
}

TEST_F(FakeApiTest, WatchesBreak) {
  for (const bool with_error : {false, true}) {
    Result<void> ended;
    std::jthread watcher(
        [&] { ended = api_.watch(kWidget, {}, [](std::string_view) { return Result<void>(); }, {}); });
    api_.wait_for_watches(kWidget, 1);
    api_.break_watches(with_error ? std::optional(Error{.code = Code::kUnavailable, .message = "cut"})
                                  : std::nullopt);
    watcher.join();
    EXPECT_EQ(ended.has_value(), !with_error);
  }
}

TEST_F(FakeApiTest, GarbageIsCollectedOnRequest) {
  const Object owner = api_.put(kWidget, R"({"metadata":{"namespace":"a","name":"x"}})");
  api_.put(kWidget,
           R"({"metadata":{"namespace":"a","name":"y","ownerReferences":[{"uid":")" + owner.uid + R"("}]}})");
  EXPECT_EQ(api_.collect_garbage(), 0U);
  ASSERT_TRUE(api_.erase(kWidget, kKey));
  EXPECT_EQ(api_.collect_garbage(), 1U);
}

TEST_F(FakeApiTest, TypesAndCallsCanFail) {
  EXPECT_EQ(api_.resolve_type("wdg"), kWidget);
  api_.on_call([](const Call& call) -> std::optional<Error> {
    if (call.verb != Verb::kGet) return std::nullopt;
    return Error{.code = Code::kUnavailable, .message = "down"};
  });
  EXPECT_EQ(api_.get(kWidget, kKey).error().message, "down");
  api_.remove_type(kWidget);
  EXPECT_EQ(api_.list(kWidget, {}, {}).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace lamina::kube::testing
