// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "kube/api.h"
#include "kube/object.h"
#include "lamina/result.h"

namespace lamina::kube {

/// Is told what a Watcher learns of the objects of one type.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  /// All objects come now with present(); what has not come by list_ends() does not exist. May come again
  /// before list_ends(): the list was broken off and starts anew.
  virtual void list_begins() = 0;
  virtual void list_ends() = 0;
  /// It exists and looks like this.
  virtual void present(Object object) = 0;
  /// It is gone; this was its last state.
  virtual void gone(Object object) = 0;
};

/// Times of a Watcher; the defaults are client-go's where that has one.
struct WatchTiming {
  std::chrono::milliseconds first_back_off{800};  ///< Doubles with each failure.
  std::chrono::milliseconds longest_back_off{30'000};
  std::chrono::milliseconds healthy_after{120'000};  ///< Without a failure: the next back-off is the first.
  std::chrono::milliseconds missing_type{4'000};     ///< Between looks for a type that is not there.
  std::chrono::milliseconds initial_events{60'000};  ///< A WatchList that takes longer is given up for good.
  std::chrono::milliseconds shortest_watch{1'000};   ///< One that ends sooner and empty has failed.
  std::chrono::seconds watch{300};                   ///< The server ends a watch after once to twice this.
  std::chrono::seconds overdue{30};                  ///< Past that the server is gone without a word.
};

/// How the objects of one type are followed by list and watch, or by WatchList. Pure: does no I/O, has no
/// clock and no randomness of its own. Whoever drives it asks for the next step, takes it, tells what came
/// of it, and asks again. Not thread-safe.
///
///   kListing       page -> kListing with its `next`; last page -> kWatching
///                  410 of a later page -> kListing, the whole list in one page
///   kWatchListing  all objects, then a bookmark that says so -> kWatching in the same stream
///                  refused, ended or given up before that bookmark -> kListing, and WatchList no more
///   kWatching      end of the stream -> kWatching from the last version, at once
///                  410 -> kListing or kWatchListing, at once where the watch before had worked
///   any            failure -> kBackingOff, then on from the last version, or from the page that failed
///                  404: the type is missing -> kBackingOff for a few seconds, then the list from its start
///                  a line or version that makes no sense -> kBackingOff, then the list from its start
class Watcher {
 public:
  enum class State : std::uint8_t { kListing, kWatchListing, kWatching, kBackingOff };

  struct List {
    std::string next;    ///< Api::list's.
    bool whole = false;  ///< In one page: continuing page by page has failed.
  };
  struct Watch {
    std::string resource_version;
    bool initial_events = false;
    std::chrono::seconds timeout{};
  };
  struct Wait {
    Instant until;
  };
  using Step = std::variant<List, Watch, Wait>;

  /// `sink` outlives the watcher. `jitter` returns a random number from 0 to below 1. Without `watch_list`
  /// only list and watch are used.
  Watcher(ObjectSink& sink, bool watch_list, std::function<double()> jitter, WatchTiming timing = {});

  Step next(Instant now);

  /// The answer to List.
  void page(Page page);
  /// A line of the answer to Watch. After an error the stream is to be ended, and the error given to
  /// finished().
  Result<void> line(std::string_view line);
  /// When the Watch in progress is to be given up; a line can change it. To be told by finished(), like any
  /// other end.
  Instant give_up() const { return give_up_; }
  /// How a Watch ended, or why a List failed.
  void finished(const Result<void>& result, Instant now);

  State state() const { return state_; }
  /// The first list was complete.
  bool synced() const { return synced_; }
  bool type_missing() const { return type_missing_; }
  /// Why nothing is known to work now, if so.
  const std::optional<Error>& trouble() const { return trouble_; }
  /// Counts the failures that made it back off.
  std::size_t failures() const { return failures_; }

 private:
  Result<void> bookmark(std::string_view object);
  void failed(const Error& error, Instant now);
  void back_off(const Error& error, Instant now);
  void wait(const Error& error, Instant until);
  void list_again();
  void list_ended(std::string resource_version);
  void works();
  bool says_nothing_of_watch_list(const Error& error, Instant now) const;
  std::chrono::milliseconds random_part(std::chrono::milliseconds all) const;

  ObjectSink& sink_;
  std::function<double()> jitter_;
  WatchTiming timing_;
  bool watch_list_;

  State state_ = State::kBackingOff;
  Instant until_ = Instant::min();  // The end of kBackingOff.
  std::string version_;             // The last one heard of; empty: the list is to begin from its start.
  List list_;                       // How the list goes on.

  // Of the last Watch.
  Instant started_;
  Instant give_up_;
  Instant overdue_;
  std::size_t lines_ = 0;

  bool worked_since_list_ = true;  // A watch has, since the last list that an expired version asked for.
  bool synced_ = false;
  bool type_missing_ = false;
  std::optional<Error> trouble_;
  std::size_t failures_ = 0;
  std::optional<Instant> last_failure_;
  std::chrono::milliseconds next_back_off_{};
};

}  // namespace lamina::kube
