// SPDX-License-Identifier: Apache-2.0
#include "controller/registry_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "controller/concerns.h"

namespace lamina::controller {
namespace {

using ::testing::ElementsAre;

RegistryChange tag_set(const std::string& repository, const std::string& tag) {
  return {.kind = RegistryChange::Kind::kTagSet,
          .repository = RepositoryName::parse(repository).value(),
          .tag = tag,
          .digest = Digest::of(tag)};
}

/// Follows a log whose answers are given; what happens is written down.
std::vector<std::string> follow(std::deque<Result<RegistryChanges>> answers) {
  std::vector<std::string> happened;
  std::stop_source stop;
  follow_registry(
      {.changes = [&](const std::string& since, std::chrono::seconds wait) -> Result<RegistryChanges> {
         happened.push_back("ask " + since + (wait.count() > 0 ? " and wait" : ""));
         auto answer = std::move(answers.front());
         answers.pop_front();
         if (answers.empty()) stop.request_stop();
         return answer;
       },
       .on_change = [&](const RegistryChange& change) { happened.push_back("changed " + change.tag); },
       .on_begin = [&] { happened.emplace_back("begin"); },
       .on_return = [&](bool log_lost) { happened.emplace_back(log_lost ? "lost" : "back"); },
       .pause = [&](std::chrono::milliseconds) { happened.emplace_back("pause"); },
       .on_trouble = [&](const Error& error) { happened.push_back(error.message); }},
      stop.get_token());
  return happened;
}

RegistryChanges page(std::string next, std::vector<RegistryChange> changes = {}) {
  return {.changes = std::move(changes), .next = std::move(next)};
}

TEST(RegistryFeed, GoesOnFromWhereItWas) {
  EXPECT_THAT(
      follow({page("e-5"), page("e-7", {tag_set("a", "one"), tag_set("a", "two")}), page("e-7")}),
      ElementsAre("ask ", "begin", "ask e-5 and wait", "changed one", "changed two", "ask e-7 and wait"));
}

TEST(RegistryFeed, TellsOfOneInterruptionOnceAndLosesNothing) {
  EXPECT_THAT(follow({page("e-5"), fail(Code::kUnavailable, "away"), fail(Code::kUnavailable, "away"),
                      page("e-6", {tag_set("a", "one")}), page("e-6")}),
              ElementsAre("ask ", "begin", "ask e-5 and wait", "away", "pause", "ask e-5 and wait", "pause",
                          "ask e-5 and wait", "back", "changed one", "ask e-6 and wait"));
}

TEST(RegistryFeed, ALogThatIsAnotherOneIsToldOf) {
  EXPECT_THAT(
      follow({page("e-5"), fail(Code::kOutOfRange, "gone"), page("f-1"), page("f-1")}),
      ElementsAre("ask ", "begin", "ask e-5 and wait", "pause", "ask ", "begin", "lost", "ask f-1 and wait"));
}

TEST(Concerns, ChangesDuringALookAreNotMissed) {
  Concerns concerns;
  const auto all = [](const std::string&) { return true; };
  concerns.of(tag_set("a", "before"), all);
  const std::uint64_t begun = concerns.changes();
  concerns.of(tag_set("a", "during"), all);
  EXPECT_FALSE(concerns.add("one", {Concerns::of_tag("a", "before")}, begun));
  EXPECT_TRUE(concerns.add("one", {Concerns::of_tag("a", "during")}, begun));
  EXPECT_FALSE(concerns.add("one", {Concerns::of_tag("a", "during")}, begun)) << "of() would have told";
  for (int i = 0; i < 2000; ++i) concerns.of(tag_set("a", "other"), all);
  EXPECT_TRUE(concerns.add("two", {Concerns::of_tag("a", "forgotten")}, begun)) << "it cannot be told";
}

TEST(Concerns, NameTheItemsOfATagAndOfAManifest) {
  Concerns concerns;
  const RegistryChange change = tag_set("a/b", "v1");
  RegistryChange manifest = change;
  manifest.kind = RegistryChange::Kind::kManifestRemoved;
  manifest.tag.clear();
  concerns.add("one", {Concerns::of_tag("a/b", "v1")}, 0);
  concerns.add("one", {Concerns::of_tag("a/b", "v1")}, 0);
  concerns.add("two", {Concerns::of_manifest("a/b", change.digest.to_string())}, 0);
  concerns.add("three", {Concerns::of_tag("a/b", "v2"), Concerns::of_tag("a/c", "v1")}, 0);
  const auto all = [](const std::string&) { return true; };
  EXPECT_THAT(concerns.of(change, all), ElementsAre("one"));
  EXPECT_THAT(concerns.of(manifest, all), ElementsAre("two"));
  EXPECT_THAT(concerns.of(change, [](const std::string&) { return false; }), ElementsAre());
  EXPECT_THAT(concerns.of(change, all), ElementsAre());
}

}  // namespace
}  // namespace lamina::controller
