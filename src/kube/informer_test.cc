// SPDX-License-Identifier: Apache-2.0
#include "kube/informer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "kube/testing/fake_api.h"
#include "kube/testing/said.h"

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;
using testing::FakeApi;
using testing::Said;

const ResourceType kWidgets{"example.org", "v1", "widgets", "Widget"};

std::string widget(const std::string& name, int size) {
  return R"({"metadata":{"namespace":"n","name":")" + name + R"("},"spec":{"size":)" + std::to_string(size) +
         "}}";
}

/// Runs with lists and watches alone, and with WatchList.
class InformerTest : public ::testing::TestWithParam<bool> {
 protected:
  InformerTest() { api_.add_type(kWidgets); }
  ~InformerTest() override { informer_.reset(); }

  void start(InformerOptions options = {}) {
    options.watch_list = GetParam();
    options.timing = {.first_back_off = 1ms, .longest_back_off = 2ms, .missing_type = 1ms};
    informer_ = std::make_unique<Informer>(api_, kWidgets, random_, std::move(options));
    informer_->on_change([this](ChangeKind change, const Object* before, const Object& now) {
      const char* kind = change == ChangeKind::kAdded ? "+" : change == ChangeKind::kDeleted ? "-" : "";
      EXPECT_EQ(before == nullptr, change == ChangeKind::kAdded);
      const auto cached = informer_->get(now.key);
      EXPECT_EQ(cached == nullptr, change == ChangeKind::kDeleted);
      changes_.add(kind + now.key.name);
    });
    informer_->on_trouble([this](const Error* error) {
      troubles_.add(error == nullptr ? "works" : std::string(to_string(error->code)));
    });
    informer_->start();
  }

  FakeApi api_;
  SystemRandom random_;
  Said changes_;
  Said troubles_;
  std::unique_ptr<Informer> informer_;
};

INSTANTIATE_TEST_SUITE_P(, InformerTest, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "WatchList" : "ListAndWatch"; });

TEST_P(InformerTest, HasWhatIsThereWhenItIsInSync) {
  api_.put(kWidgets, widget("a", 1));
  api_.put(kWidgets, widget("b", 2));
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  EXPECT_TRUE(informer_->synced());
  EXPECT_EQ(informer_->size(), 2U);
  EXPECT_EQ(informer_->list().size(), 2U);
  const auto a = informer_->get({"n", "a"});
  ASSERT_NE(a, nullptr);
  EXPECT_NE(a->json.find(R"("spec":{"size":1})"), std::string::npos) << a->json;
  EXPECT_EQ(informer_->get({"n", "c"}), nullptr);
  EXPECT_EQ(changes_.next(), "+a");
  EXPECT_EQ(changes_.next(), "+b");
}

TEST_P(InformerTest, FollowsChanges) {
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  api_.put(kWidgets, widget("a", 1));
  EXPECT_EQ(changes_.next(), "+a");
  api_.put(kWidgets, widget("a", 2));
  EXPECT_EQ(changes_.next(), "a");
  api_.erase(kWidgets, {"n", "a"});
  EXPECT_EQ(changes_.next(), "-a");
  EXPECT_EQ(informer_->size(), 0U);
}

TEST_P(InformerTest, MissesNothingWhileItsWatchIsBroken) {
  for (const std::optional<Error>& error :
       {std::optional<Error>(), std::optional(Error{Code::kUnavailable})}) {
    start();
    ASSERT_TRUE(informer_->wait_for_sync({}));
    api_.wait_for_watches(kWidgets, 1);
    api_.put(kWidgets, widget("a", 1));
    EXPECT_EQ(changes_.next(), "+a");
    api_.break_watches(error);
    api_.put(kWidgets, widget("b", 1));
    api_.erase(kWidgets, {"n", "a"});
    EXPECT_EQ(changes_.next(), "+b");
    EXPECT_EQ(changes_.next(), "-a");
    informer_->stop();
    api_.erase(kWidgets, {"n", "b"});
  }
}

TEST_P(InformerTest, FindsTheDifferencesWhenHistoryIsForgotten) {
  for (const char* name : {"a", "b", "c"}) api_.put(kWidgets, widget(name, 1));
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  for (const char* added : {"+a", "+b", "+c"}) EXPECT_EQ(changes_.next(), added);
  api_.wait_for_watches(kWidgets, 1);
  // The informer outlives the body of the test.
  const auto first = std::make_shared<std::atomic<bool>>(true);
  api_.on_call([this, first](const testing::Call& call) -> std::optional<Error> {
    if (call.verb != testing::Verb::kWatch || !first->exchange(false)) return std::nullopt;
    api_.erase(kWidgets, {"n", "b"});
    api_.put(kWidgets, widget("c", 2));
    api_.forget_history();
    return std::nullopt;
  });
  api_.break_watches(Error{Code::kUnavailable});
  EXPECT_EQ(changes_.next(), "c");
  EXPECT_EQ(changes_.next(), "-b");
  EXPECT_EQ(informer_->size(), 2U);
}

TEST_P(InformerTest, WaitsForATypeThatIsMissing) {
  api_.remove_type(kWidgets);
  start();
  EXPECT_EQ(troubles_.next(), "not found");
  EXPECT_TRUE(informer_->type_missing());
  EXPECT_FALSE(informer_->synced());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(informer_->wait_for_sync(stop.get_token()));
  api_.add_type(kWidgets);
  api_.put(kWidgets, widget("a", 1));
  EXPECT_EQ(changes_.next(), "+a");
  ASSERT_TRUE(informer_->wait_for_sync({}));
  EXPECT_FALSE(informer_->type_missing());
}

TEST_P(InformerTest, SaysThatATypeHasGoneAndKeepsItsObjectsUntilItIsBack) {
  api_.put(kWidgets, widget("a", 1));
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  EXPECT_EQ(changes_.next(), "+a");
  api_.wait_for_watches(kWidgets, 1);
  api_.remove_type(kWidgets);
  EXPECT_NE(troubles_.next(), "works");
  while (!informer_->type_missing()) std::this_thread::yield();
  EXPECT_EQ(informer_->size(), 1U);
  api_.add_type(kWidgets);
  EXPECT_EQ(changes_.next(), "-a");
}

TEST_P(InformerTest, SaysWhatTheTroubleIsAndWhenItIsOver) {
  const auto refusals = std::make_shared<std::atomic<int>>(2);
  api_.on_call([refusals](const testing::Call&) -> std::optional<Error> {
    if ((*refusals)-- > 0) return Error{Code::kDenied, About::kNothing, "may not", {"Forbidden"}};
    return std::nullopt;
  });
  start();
  EXPECT_EQ(troubles_.next(), to_string(Code::kDenied));
  EXPECT_EQ(troubles_.next(), to_string(Code::kDenied));
  EXPECT_EQ(troubles_.next(), "works");
  ASSERT_TRUE(informer_->wait_for_sync({}));
}

TEST_P(InformerTest, ListsAgainAfterALineThatMakesNoSense) {
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  api_.wait_for_watches(kWidgets, 1);
  api_.inject_line(kWidgets, R"({"type":"ADDED","obj)");
  EXPECT_EQ(troubles_.next(), to_string(Code::kInvalid));
  EXPECT_EQ(troubles_.next(), "works");
  api_.put(kWidgets, widget("a", 1));
  EXPECT_EQ(changes_.next(), "+a");
}

TEST_P(InformerTest, FallsBackWhereTheServerHasNoWatchList) {
  api_.support_watch_list(false);
  api_.put(kWidgets, widget("a", 1));
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  EXPECT_EQ(changes_.next(), "+a");
  EXPECT_EQ(informer_->size(), 1U);
}

TEST_P(InformerTest, SeesOnlyWhatItSelects) {
  api_.put(kWidgets, R"({"metadata":{"namespace":"n","name":"a","labels":{"x":"1"}}})");
  api_.put(kWidgets, R"({"metadata":{"namespace":"n","name":"b"}})");
  api_.put(kWidgets, R"({"metadata":{"namespace":"m","name":"c","labels":{"x":"1"}}})");
  start({.namespace_name = "n", .label_selector = "x=1"});
  ASSERT_TRUE(informer_->wait_for_sync({}));
  EXPECT_EQ(informer_->size(), 1U);
  EXPECT_EQ(changes_.next(), "+a");
  api_.put(kWidgets, R"({"metadata":{"namespace":"n","name":"a"}})");
  EXPECT_EQ(changes_.next(), "-a");
}

TEST_P(InformerTest, KeepsWhatItIsTold) {
  api_.put(kWidgets, widget("a", 1));
  start({.keep = [](const Object& object) { return object.key.name; }});
  ASSERT_TRUE(informer_->wait_for_sync({}));
  EXPECT_EQ(informer_->get({"n", "a"})->json, "a");
}

TEST_P(InformerTest, StopsWhileItWatches) {
  start();
  ASSERT_TRUE(informer_->wait_for_sync({}));
  api_.wait_for_watches(kWidgets, 1);
  informer_->stop();
  api_.wait_for_watches(kWidgets, 0);
  EXPECT_TRUE(informer_->synced());
}

}  // namespace
}  // namespace lamina::kube
