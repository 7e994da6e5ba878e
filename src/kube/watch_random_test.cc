// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "kube/cache.h"
#include "kube/testing/watch_lines.h"
#include "kube/watch.h"

namespace lamina::kube {
namespace {

using namespace std::chrono_literals;
using testing::bookmark_line;
using testing::error_line;
using testing::event_line;
using testing::initial_events_end_line;
using testing::object_text;

/// A server with one type, a history that it forgets from time to time, and faults.
class ModelServer {
 public:
  struct Row {
    std::string uid;
    std::uint64_t version = 0;
    bool operator==(const Row&) const = default;
  };
  using Rows = std::map<std::string, Row>;

  explicit ModelServer(std::mt19937& random) : random_(random) {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }

  /// Creates, changes, deletes, or makes an object anew.
  void change_something() {
    const std::string name = "o" + std::to_string(below(12));
    const auto row = rows_.find(name);
    if (row == rows_.end()) return create(name);
    if (chance(0.6)) {
      row->second.version = ++version_;
      return log("MODIFIED", name, row->second);
    }
    const std::string uid = row->second.uid;
    rows_.erase(row);
    log("DELETED", name, {uid, ++version_});
    if (chance(0.3)) create(name);
  }

  /// Forgets the past: versions before now are expired.
  void compact() { oldest_ = version_; }

  const Rows& rows() const { return rows_; }
  std::uint64_t version() const { return version_; }

  Result<Page> list(const Watcher::List& list) {
    constexpr std::size_t kPage = 3;
    if (list.next.empty()) {
      snapshot_ = rows_;
      snapshot_version_ = version_;
    } else if (snapshot_version_ < oldest_) {
      return fail(Code::kOutOfRange, "the continue token has expired");
    }
    auto from = list.next.empty() ? snapshot_.begin() : snapshot_.lower_bound(list.next);
    Page page{.items = {}, .resource_version = std::to_string(snapshot_version_), .next = {}};
    for (; from != snapshot_.end() && (list.whole || page.items.size() < kPage); ++from) {
      page.items.push_back(*parse_object(text(from->first, from->second)));
    }
    if (from != snapshot_.end()) page.next = from->first;
    return page;
  }

  /// The lines that a watch gets from a version on. 410 where that is forgotten.
  Result<std::vector<std::string>> lines_after(std::uint64_t version) const {
    if (version < oldest_) return fail(Code::kOutOfRange, "too old resource version");
    std::vector<std::string> lines;
    for (const auto& [at, line] : history_) {
      if (at > version) lines.push_back(line);
    }
    return lines;
  }

  static std::string text(const std::string& name, const Row& row) {
    return object_text(name, std::to_string(row.version), row.uid);
  }

 private:
  void create(const std::string& name) {
    ++version_;
    const Row row{"uid" + std::to_string(version_), version_};
    rows_[name] = row;
    log("ADDED", name, row);
  }
  void log(const std::string& type, const std::string& name, const Row& row) {
    history_.emplace_back(row.version, event_line(type, text(name, row)));
  }

  std::mt19937& random_;
  Rows rows_;
  std::uint64_t version_ = 100;
  std::uint64_t oldest_ = 0;
  std::vector<std::pair<std::uint64_t, std::string>> history_;
  Rows snapshot_;
  std::uint64_t snapshot_version_ = 0;
};

/// Follows a ModelServer through faults and checks each change against those before.
class Follower {
 public:
  Follower(ModelServer& server, bool watch_list)
      : server_(server),
        watcher_(cache_, watch_list, [&server] { return static_cast<double>(server.below(1000)) / 1000; }) {}

  /// Takes one step while the server changes; with `faults` nearly everything goes wrong now and then.
  void step(bool faults) {
    const Watcher::Step step = watcher_.next(now_);
    if (const auto* wait = std::get_if<Watcher::Wait>(&step)) {
      now_ = wait->until;
    } else if (faults && server_.chance(0.2)) {
      watcher_.finished(std::unexpected(fault()), now_);
    } else if (const auto* list = std::get_if<Watcher::List>(&step)) {
      if (auto page = server_.list(*list)) {
        watcher_.page(*std::move(page));
      } else {
        watcher_.finished(std::unexpected(page.error()), now_);
      }
    } else {
      watch(std::get<Watcher::Watch>(step), faults);
    }
    check_changes();
    if (faults && server_.chance(0.05)) server_.compact();
  }

  void expect_same_as_server() {
    ModelServer::Rows cached;
    for (const auto& object : cache_.all()) {
      cached[object->key.name] = {object->uid, std::stoull(object->resource_version)};
    }
    EXPECT_EQ(cached, server_.rows());
    EXPECT_EQ(told_, server_.rows());
  }

  const Watcher& watcher() const { return watcher_; }

 private:
  Error fault() {
    const std::vector<Error> faults = {
        {Code::kUnavailable, About::kNothing, "lost", {}},
        {Code::kUnavailable, About::kNothing, "busy", {"", "retryAfterSeconds=1"}},
        {Code::kOutOfRange, About::kNothing, "expired", {}},
        {Code::kNotFound, About::kNothing, "missing", {}},
        {Code::kInvalid, About::kNothing, "what?", {}}};
    return faults[server_.below(faults.size())];
  }

  /// A stream of what is there and of what comes, broken off at random.
  void watch(const Watcher::Watch& watch, bool faults) {
    std::uint64_t seen = server_.version();
    if (watch.initial_events) {
      for (const auto& [name, row] : server_.rows()) {
        if (!line(event_line("ADDED", ModelServer::text(name, row)))) return;
        if (faults && server_.chance(0.02)) return end(std::unexpected(fault()));
      }
      if (!line(initial_events_end_line(std::to_string(seen)))) return;
    } else {
      seen = std::stoull(watch.resource_version);
    }
    do {
      if (faults) server_.change_something();
      const auto lines = server_.lines_after(seen);
      if (!lines) {
        line(error_line(410, "Expired"));
        return;
      }
      for (const std::string& text : *lines) {
        if (!line(text)) return;
        if (faults && server_.chance(0.03)) return end(std::unexpected(fault()));
        if (faults && server_.chance(0.01)) return static_cast<void>(line(text.substr(0, text.size() / 2)));
      }
      seen = server_.version();
      if (server_.chance(0.2) && !line(bookmark_line(std::to_string(seen)))) return;
    } while (faults && server_.chance(0.8));
    now_ += 1s;
    end({});
  }

  bool line(const std::string& text) {
    const Result<void> read = watcher_.line(text);
    check_changes();
    if (!read) end(read);
    return read.has_value();
  }

  void end(const Result<void>& result) { watcher_.finished(result, now_); }

  void check_changes() {
    for (const Change& change : cache_.take_changes()) {
      const std::string& name = change.now->key.name;
      const ModelServer::Row row{change.now->uid, std::stoull(change.now->resource_version)};
      const auto known = told_.find(name);
      if (change.kind == ChangeKind::kAdded) {
        EXPECT_EQ(known, told_.end()) << name << " was added twice";
        told_[name] = row;
        continue;
      }
      ASSERT_NE(known, told_.end()) << name << " was not added before";
      EXPECT_EQ(known->second.uid, row.uid);
      EXPECT_EQ(std::to_string(known->second.version), change.before->resource_version);
      EXPECT_LE(known->second.version, row.version) << name << " went back in time";
      if (change.kind == ChangeKind::kDeleted) {
        told_.erase(known);
      } else {
        known->second = row;
      }
    }
  }

  ModelServer& server_;
  ObjectCache cache_;
  Watcher watcher_;
  Instant now_ = Instant() + 1h;
  ModelServer::Rows told_;  ///< What the changes add up to.
};

TEST(WatchRandom, EndsUpWithWhatTheServerHasHoweverItWasInterrupted) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    ModelServer server(random);
    Follower follower(server, seed % 2 == 0);
    for (int i = 0; i < 300; ++i) {
      if (server.chance(0.3)) server.change_something();
      follower.step(true);
      if (::testing::Test::HasFatalFailure()) return;
    }
    constexpr int kEnough = 50;
    for (int i = 0; i < kEnough; ++i) follower.step(false);
    EXPECT_TRUE(follower.watcher().synced());
    EXPECT_FALSE(follower.watcher().trouble());
    follower.expect_same_as_server();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace lamina::kube
