// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "kube/testing/watch_lines.h"

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;
using testing::bookmark_line;
using testing::error_line;
using testing::event_line;
using testing::initial_events_end_line;
using testing::object_text;

/// Writes down what it is told: `(` and `)` around a list, `+a@1` and `-a@2`.
class Recorder final : public ObjectSink {
 public:
  void list_begins() override { text += "( "; }
  void list_ends() override { text += ") "; }
  void present(Object object) override {
    text += "+" + object.key.name + "@" + object.resource_version + " ";
  }
  void gone(Object object) override { text += "-" + object.key.name + "@" + object.resource_version + " "; }

  std::string text;
};

const std::vector<std::pair<std::string, Error>> kFailures = {
    {"lost", {Code::kUnavailable, About::kNothing, "no connection", {}}},
    {"500", {Code::kUnavailable, About::kNothing, "RequestWatchProgress is disabled", {"InternalError"}}},
    {"429", {Code::kUnavailable, About::kNothing, "slowly", {"TooManyRequests", "retryAfterSeconds=7"}}},
    {"410", {Code::kOutOfRange, About::kNothing, "too old", {"Expired"}}},
    {"404", {Code::kNotFound, About::kNothing, "no such type", {}}},
    {"403", {Code::kDenied, About::kNothing, "may not", {"Forbidden"}}},
    {"400", {Code::kInvalid, About::kNothing, "does not understand", {"BadRequest"}}},
};

/// A Watcher whose inputs and steps are words.
class Driver {
 public:
  explicit Driver(bool watch_list) : watcher(recorder, watch_list, [this] { return jitter; }) {}

  /// Gives one input, and returns the next step.
  ///   page NEXT VERSION NAME@VERSION...   `-` as NEXT ends the list
  ///   ADDED|MODIFIED|DELETED NAME VERSION, BOOKMARK VERSION, END VERSION, ERROR CODE REASON, `raw LINE`
  ///   eof, late, an entry of kFailures, `after MILLISECONDS`, or nothing
  std::string operator()(const std::string& input) {
    std::istringstream words(input);
    std::string verb;
    std::string first;
    std::string second;
    words >> verb;
    const auto failure = std::ranges::find(kFailures, verb, [](const auto& entry) { return entry.first; });
    if (verb != "after") streaming_ = false;
    if (verb == "page") {
      Page page;
      words >> page.next >> page.resource_version;
      if (page.next == "-") page.next.clear();
      for (std::string name; std::getline(words >> std::ws, name, '@') && words >> second;) {
        page.items.push_back(*parse_object(object_text(name, second)));
      }
      watcher.page(std::move(page));
    } else if (verb == "eof") {
      watcher.finished({}, now);
    } else if (verb == "late") {
      now = watcher.give_up();
      watcher.finished(fail(Code::kUnavailable, "gave up"), now);
    } else if (verb == "after") {
      int milliseconds = 0;
      words >> milliseconds;
      now += std::chrono::milliseconds(milliseconds);
    } else if (failure != kFailures.end()) {
      watcher.finished(std::unexpected(failure->second), now);
    } else if (!verb.empty()) {
      words >> first >> second;
      line(verb == "BOOKMARK" ? bookmark_line(first)
           : verb == "END"    ? initial_events_end_line(first)
           : verb == "ERROR"  ? error_line(std::stoi(first), second)
           : verb == "raw"    ? input.substr(4)
                              : event_line(verb, object_text(first, second)));
    }
    return step();
  }

  std::string step() {
    // A stream that goes on is not asked for again.
    if (streaming_ && watcher.state() != Watcher::State::kBackingOff) return "...";
    const Watcher::Step step = watcher.next(now);
    if (const auto* wait = std::get_if<Watcher::Wait>(&step)) {
      return "wait " +
             std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(wait->until - now).count());
    }
    if (const auto* list = std::get_if<Watcher::List>(&step)) {
      return std::string(list->whole ? "whole list" : "list") + (list->next.empty() ? "" : " " + list->next);
    }
    const auto& watch = std::get<Watcher::Watch>(step);
    EXPECT_EQ(watch.timeout, std::chrono::ceil<std::chrono::seconds>(300s * (1 + jitter)));
    return watch.initial_events ? "watch list" : "watch " + watch.resource_version;
  }

  Recorder recorder;
  double jitter = 0;
  Watcher watcher;
  Instant now = Instant() + 1h;

 private:
  void line(const std::string& text) {
    const Result<void> read = watcher.line(text);
    if (!read) watcher.finished(read, now);
    streaming_ = read.has_value();
  }

  bool streaming_ = false;
};

struct Move {
  std::string input;
  std::string step;
};

struct Case {
  std::string name;
  bool watch_list = false;
  std::vector<Move> moves;
  std::string seen;  ///< By the sink, at the end.
};

class WatcherCases : public ::testing::TestWithParam<Case> {};

TEST_P(WatcherCases, TakesTheNextStep) {
  const Case& c = GetParam();
  Driver drive(c.watch_list);
  for (std::size_t i = 0; i < c.moves.size(); ++i) {
    SCOPED_TRACE("move " + std::to_string(i) + ": " + c.moves[i].input);
    EXPECT_EQ(drive(c.moves[i].input), c.moves[i].step);
  }
  EXPECT_EQ(drive.recorder.text, c.seen);
}

const std::vector<Case> kCases = {
    // Lists.
    {"ListsThenWatches", false, {{"", "list"}, {"page - 9 a@1 b@2", "watch 9"}}, "( +a@1 +b@2 ) "},
    {"ListsPageByPage",
     false,
     {{"", "list"}, {"page t1 9 a@1", "list t1"}, {"page t2 9 b@2", "list t2"}, {"page - 9 c@3", "watch 9"}},
     "( +a@1 +b@2 +c@3 ) "},
    {"ListsAsAWholeWhenATokenExpires",
     false,
     {{"", "list"}, {"page t1 9 a@1", "list t1"}, {"410", "whole list"}, {"page - 12 b@2", "watch 12"}},
     "( +a@1 ( +b@2 ) "},
    {"AsksForThePageAgainThatFailed",
     false,
     {{"", "list"},
      {"page t1 9 a@1", "list t1"},
      {"lost", "wait 800"},
      {"after 800", "list t1"},
      {"page - 9 b@2", "watch 9"}},
     "( +a@1 +b@2 ) "},
    {"ListsFromTheStartWhenATokenIsRefused",
     false,
     {{"", "list"}, {"page t1 9 a@1", "list t1"}, {"400", "wait 800"}, {"after 800", "list"}},
     "( +a@1 "},
    {"TriesTheWholeListAgain",
     false,
     {{"", "list"},
      {"page t1 9", "list t1"},
      {"410", "whole list"},
      {"lost", "wait 800"},
      {"after 800", "whole list"},
      {"410", "list"},
      {"410", "wait 1600"}},
     "( "},

    // WatchList.
    {"WatchesAList",
     true,
     {{"", "watch list"},
      {"ADDED a 7", "..."},
      {"ADDED b 3", "..."},
      {"END 9", "..."},
      {"MODIFIED a 10", "..."},
      {"DELETED b 11", "..."},
      {"eof", "watch 11"}},
     "( +a@7 +b@3 ) +a@10 -b@11 "},
    {"TakesNoOtherBookmarkForTheEndOfInitialEvents",
     true,
     {{"", "watch list"}, {"ADDED a 7", "..."}, {"BOOKMARK 8", "..."}, {"END 9", "..."}, {"eof", "watch 9"}},
     "( +a@7 ) "},
    {"ListsWhereWatchListIsRefused",
     true,
     {{"", "watch list"}, {"400", "list"}, {"page - 9", "watch 9"}},
     "( ( ) "},
    {"ListsWhereWatchListIsDisabledInTheStream",
     true,
     {{"", "watch list"}, {"ERROR 500 InternalError", "list"}, {"page - 9", "watch 9"}, {"410", "list"}},
     "( ( ) "},
    {"ListsWhereWatchListFailsInTheServer", true, {{"", "watch list"}, {"500", "list"}}, "( "},
    {"ListsWhereInitialEventsNeverEnd",
     true,
     {{"", "watch list"}, {"ADDED a 7", "..."}, {"after 60000", "..."}, {"late", "list"}},
     "( +a@7 "},
    {"ListsWhereTheStreamEndsBeforeItsInitialEvents", true, {{"", "watch list"}, {"eof", "list"}}, "( "},
    {"ListsWhereTheConnectionIsLostAmongInitialEvents",
     true,
     {{"", "watch list"}, {"ADDED a 7", "..."}, {"lost", "list"}, {"page - 8 b@8", "watch 8"}},
     "( +a@7 ( +b@8 ) "},
    {"TriesWatchListAgainWhereNothingWasHeardOfIt",
     true,
     {{"", "watch list"},
      {"lost", "wait 800"},
      {"after 800", "watch list"},
      {"403", "wait 1600"},
      {"after 1600", "watch list"},
      {"404", "wait 4000"},
      {"after 4000", "watch list"},
      {"429", "wait 7000"},
      {"after 7000", "watch list"},
      {"END 9", "..."}},
     "( ( ( ( ( ) "},
    {"WatchesAListAgainWhenTheVersionExpires",
     true,
     {{"", "watch list"},
      {"END 9", "..."},
      {"after 60000", "..."},
      {"eof", "watch 9"},
      {"410", "watch list"}},
     "( ) ( "},

    // Watches.
    {"GoesOnFromTheLastVersion",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"ADDED a 10", "..."},
      {"eof", "watch 10"},
      {"DELETED a 12", "..."},
      {"eof", "watch 12"}},
     "( ) +a@10 -a@12 "},
    {"GoesOnFromABookmark",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"BOOKMARK 44", "..."},
      {"lost", "wait 800"},
      {"after 800", "watch 44"}},
     "( ) "},
    {"GoesOnAfterAQuietWatch",
     false,
     {{"", "list"}, {"page - 9", "watch 9"}, {"after 1000", "watch 9"}, {"eof", "wait 800"}},
     "( ) "},
    {"DoesNotSpinOnWatchesThatEndAtOnce",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"eof", "wait 800"},
      {"after 799", "wait 1"},
      {"after 1", "watch 9"},
      {"eof", "wait 1600"}},
     "( ) "},
    {"ListsAgainAtOnceWhenTheVersionExpiresInTheStream",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"ADDED a 10", "..."},
      {"ERROR 410 Expired", "list"},
      {"page - 20 a@10", "watch 20"}},
     "( ) +a@10 ( +a@10 ) "},
    {"ListsAgainLaterWhereTheVersionOfTheListHasExpired",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"410", "list"},
      {"page - 9", "watch 9"},
      {"410", "wait 800"},
      {"after 800", "list"},
      {"page - 9", "watch 9"},
      {"BOOKMARK 10", "..."},
      {"ERROR 410 Gone", "list"}},
     "( ) ( ) ( ) "},
    {"HonoursTheDelayOfTheServer",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"429", "wait 7000"},
      {"after 7000", "watch 9"},
      {"ERROR 429 TooManyRequests", "wait 3000"},
      {"after 3000", "watch 9"},
      {"lost", "wait 800"}},
     "( ) "},
    {"LooksForAMissingTypeFromTimeToTime",
     false,
     {{"", "list"},
      {"404", "wait 4000"},
      {"after 4000", "list"},
      {"404", "wait 4000"},
      {"after 4000", "list"},
      {"page - 9 a@1", "watch 9"},
      {"404", "wait 4000"},
      {"after 4000", "list"}},
     "( +a@1 ) "},
    {"ListsAgainAfterALineThatMakesNoSense",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"raw {\"type\":\"ADDED\"", "wait 800"},
      {"after 800", "list"},
      {"page - 9", "watch 9"},
      {"raw {\"type\":\"ADDED\",\"object\":{}}", "wait 1600"},
      {"after 1600", "list"},
      {"page - 9", "watch 9"},
      {"raw {\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{}}}", "wait 3200"},
      {"after 3200", "list"},
      {"page - 9", "watch 9"},
      {"raw []", "wait 6400"},
      {"after 6400", "list"}},
     "( ) ( ) ( ) ( ) "},
    {"ListsAgainWhereTheVersionIsRefused",
     false,
     {{"", "list"}, {"page - 9", "watch 9"}, {"400", "wait 800"}, {"after 800", "list"}},
     "( ) "},
    {"IgnoresEventsOfTypesToCome",
     false,
     {{"", "list"},
      {"page - 9", "watch 9"},
      {"raw {\"type\":\"NEW\",\"object\":{}}", "..."},
      {"eof", "watch 9"}},
     "( ) "},
    {"GivesUpAWatchThatTheServerDoesNotEnd",
     false,
     {{"", "list"}, {"page - 9", "watch 9"}, {"late", "wait 800"}, {"after 800", "watch 9"}},
     "( ) "},
};

INSTANTIATE_TEST_SUITE_P(, WatcherCases, ::testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.name; });

TEST(Watcher, BacksOffLongerWithEachFailureUntilTwoMinutesWereGood) {
  Driver drive(false);
  drive("");
  for (const char* expected : {"800", "1600", "3200", "6400", "12800", "15000", "15000"}) {
    EXPECT_EQ(drive("lost"), std::string("wait ") + expected);
    EXPECT_EQ(drive("after " + std::string(expected)), "list");
  }
  EXPECT_EQ(drive("page - 9"), "watch 9");
  drive("BOOKMARK 9");
  drive("after 100000");
  EXPECT_EQ(drive("lost"), "wait 15000");
  drive("after 15000");
  drive("BOOKMARK 9");
  drive("after 105000");
  EXPECT_EQ(drive("lost"), "wait 800");
}

TEST(Watcher, SpreadsItsWaits) {
  Driver drive(false);
  drive.jitter = 0.5;
  drive("");
  EXPECT_EQ(drive("lost"), "wait 1200");
  drive("after 1200");
  EXPECT_EQ(drive("404"), "wait 4500");
  drive("after 4500");
  EXPECT_EQ(drive("429"), "wait 7400");
  drive("after 7400");
  drive.watcher.page({.items = {}, .resource_version = "9", .next = {}});
  EXPECT_EQ(std::get<Watcher::Watch>(drive.watcher.next(drive.now)).timeout, 450s);
}

TEST(Watcher, LooksForAMissingTypeAtLeastEveryFiveSeconds) {
  Driver drive(true);
  drive.jitter = 0.999;
  drive("");
  drive("404");
  drive.now += 5s;
  EXPECT_EQ(drive.step(), "watch list");
}

TEST(Watcher, SaysWhatTheTroubleIs) {
  Driver drive(false);
  drive("");
  EXPECT_FALSE(drive.watcher.trouble());
  drive("403");
  EXPECT_EQ(drive.watcher.trouble()->code, Code::kDenied);
  EXPECT_EQ(drive.watcher.failures(), 1U);
  drive("after 800");
  EXPECT_TRUE(drive.watcher.trouble());
  drive("page t 9");
  EXPECT_FALSE(drive.watcher.trouble());
  EXPECT_FALSE(drive.watcher.synced());
  drive("page - 9");
  EXPECT_TRUE(drive.watcher.synced());
  drive("lost");
  EXPECT_EQ(drive.watcher.failures(), 2U);
  drive("after 1600");
  drive("BOOKMARK 10");
  EXPECT_FALSE(drive.watcher.trouble());
  drive("410");
  EXPECT_FALSE(drive.watcher.trouble());  // Expected to happen.
  EXPECT_TRUE(drive.watcher.synced());
}

TEST(Watcher, SaysThatTheTypeIsMissing) {
  Driver drive(true);
  drive("");
  EXPECT_FALSE(drive.watcher.type_missing());
  drive("404");
  EXPECT_TRUE(drive.watcher.type_missing());
  drive("after 5000");
  drive("lost");
  EXPECT_TRUE(drive.watcher.type_missing());
  drive("after 5000");
  drive("END 9");
  EXPECT_FALSE(drive.watcher.type_missing());
  drive("ERROR 404 NotFound");
  EXPECT_TRUE(drive.watcher.type_missing());
}

TEST(Watcher, GivesInitialEventsAMinuteAndAWatchHalfAMinuteMoreThanItAskedFor) {
  Driver drive(true);
  drive("");
  EXPECT_EQ(drive.watcher.give_up(), drive.now + 60s);
  drive("END 9");
  EXPECT_EQ(drive.watcher.give_up(), drive.now + 330s);
}

}  // namespace
}  // namespace lamina::kube
