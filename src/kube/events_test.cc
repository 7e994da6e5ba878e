// SPDX-License-Identifier: Apache-2.0
#include "kube/events.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "kube/testing/fake_api.h"
#include "oci/json.h"

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;
using testing::FakeApi;
using testing::Verb;

const ResourceType kEvents{"", "v1", "events", "Event"};
const ResourceType kWidgets{"example.org", "v1", "widgets", "Widget"};
const Object kWidget{.key = {"n", "w"}, .uid = "u1", .resource_version = "7", .json = {}};

class FixedClock final : public Clock {
 public:
  UnixTime now() const override { return UnixTime(1'767'225'600s); }  // 2026-01-01T00:00:00Z
};

class EventsTest : public ::testing::Test {
 protected:
  EventsTest() { api_.add_type(kEvents); }

  /// Waits until what is recorded has been sent.
  void flush() { recorder_.reset(); }
  std::string text(const Object& event, std::initializer_list<std::string_view> path) {
    const auto json = oci::parse_json(event.json);
    const oci::Json* at = &*json;
    for (const std::string_view name : path) at = at == nullptr ? nullptr : at->find(name);
    return at == nullptr ? "(none)" : to_text(*at);
  }

  FakeApi api_;
  FixedClock clock_;
  SystemRandom random_;
  std::unique_ptr<EventRecorder> recorder_ =
      std::make_unique<EventRecorder>(api_, clock_, random_, "lamina-controller");
};

TEST_F(EventsTest, CreatesAnEvent) {
  recorder_->record(kWidgets, kWidget, EventType::kWarning, "Broken", "It \"broke\".", {{"a/b", "c"}});
  flush();
  ASSERT_EQ(api_.all(kEvents).size(), 1U);
  const Object event = api_.all(kEvents).front();
  EXPECT_EQ(event.key.namespace_name, "n");
  EXPECT_TRUE(event.key.name.starts_with("w."));
  EXPECT_EQ(text(event, {"involvedObject"}),
            R"({"apiVersion":"example.org/v1","kind":"Widget","namespace":"n","name":"w","uid":"u1",)"
            R"("resourceVersion":"7"})");
  EXPECT_EQ(text(event, {"type"}), R"("Warning")");
  EXPECT_EQ(text(event, {"reason"}), R"("Broken")");
  EXPECT_EQ(text(event, {"message"}), R"("It \"broke\".")");
  EXPECT_EQ(text(event, {"source"}), R"({"component":"lamina-controller"})");
  EXPECT_EQ(text(event, {"firstTimestamp"}), R"("2026-01-01T00:00:00Z")");
  EXPECT_EQ(text(event, {"lastTimestamp"}), R"("2026-01-01T00:00:00Z")");
  EXPECT_EQ(text(event, {"count"}), "1");
  EXPECT_EQ(text(event, {"metadata", "annotations", "a/b"}), R"("c")");
}

TEST_F(EventsTest, CountsEqualOnes) {
  for (int i = 0; i < 3; ++i) recorder_->record(kWidgets, kWidget, EventType::kNormal, "Same", "same");
  recorder_->record(kWidgets, kWidget, EventType::kNormal, "Other", "same");
  flush();
  ASSERT_EQ(api_.all(kEvents).size(), 2U);
  for (const Object& event : api_.all(kEvents)) {
    EXPECT_EQ(text(event, {"count"}), text(event, {"reason"}) == R"("Same")" ? "3" : "1");
  }
}

TEST_F(EventsTest, CreatesAnEventAgainThatTheServerForgot) {
  api_.on_call([this](const testing::Call& call) -> std::optional<Error> {
    if (call.verb == Verb::kPatch) api_.erase(kEvents, call.key);
    return std::nullopt;
  });
  for (int i = 0; i < 2; ++i) recorder_->record(kWidgets, kWidget, EventType::kNormal, "Same", "same");
  flush();
  ASSERT_EQ(api_.all(kEvents).size(), 1U);
  EXPECT_EQ(text(api_.all(kEvents).front(), {"count"}), "2");
}

TEST_F(EventsTest, PutsEventsOfWhatHasNoNamespaceIntoDefault) {
  recorder_->record({"", "v1", "nodes", "Node", false}, {.key = {"", "one"}}, EventType::kNormal, "R", "m");
  flush();
  ASSERT_EQ(api_.all(kEvents).size(), 1U);
  EXPECT_EQ(api_.all(kEvents).front().key.namespace_name, "default");
  EXPECT_EQ(text(api_.all(kEvents).front(), {"involvedObject", "namespace"}), "(none)");
}

TEST_F(EventsTest, CutsLongTextsAtACharacter) {
  const Object widget{.key = {"n", std::string(253, 'w')}};
  recorder_->record(kWidgets, widget, EventType::kNormal, "R", std::string(1023, 'm') + "\u00e9tc");
  flush();
  ASSERT_EQ(api_.all(kEvents).size(), 1U);
  const Object event = api_.all(kEvents).front();
  EXPECT_LE(event.key.name.size(), 253U);
  EXPECT_EQ(text(event, {"message"}), '"' + std::string(1023, 'm') + '"');
}

TEST_F(EventsTest, DropsWhatCannotBeSent) {
  api_.on_call([](const testing::Call&) { return std::optional(Error{Code::kUnavailable}); });
  for (int i = 0; i < 40; ++i)
    recorder_->record(kWidgets, kWidget, EventType::kNormal, "R", std::to_string(i));
  flush();
  EXPECT_EQ(api_.calls().size(), 25U);  // Of the other 15 not even an attempt is made.
  EXPECT_TRUE(api_.all(kEvents).empty());
}

}  // namespace
}  // namespace lamina::kube
