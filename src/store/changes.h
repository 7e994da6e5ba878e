// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/reference.h"
#include "store/change_signal.h"
#include "store/context.h"
#include "store/records.h"

namespace lamina::store {

/// A place in the change log: everything up to `sequence` lies behind it. A place outlives every restart;
/// after a restore or a migration the epoch is another, and old places mean nothing.
struct ChangePosition {
  std::string epoch;
  std::uint64_t sequence = 0;

  /// `<epoch>-<sequence>`
  std::string to_string() const;
  static Result<ChangePosition> parse(std::string_view text);
};

struct ChangePage {
  struct Entry {
    std::uint64_t sequence;
    ChangeRecord change;
  };
  std::vector<Entry> entries;
  ChangePosition next;  ///< Where to go on.
  bool more = false;    ///< The log goes on behind `next`.
};

/// The change log: what was committed, in the order of the commits. Thread-safe; blocks on the store.
///
/// Who wants to follow a state takes position(), then reads the state, then reads the changes from that
/// position on: nothing is missed, and what comes twice names the state that was read, or an older one.
class Changes {
 public:
  Changes(Context& context, ChangeSignal& signal) : context_(context), signal_(signal) {}

  /// The end of the log. Survives power loss, as all that lies before it does.
  Result<ChangePosition> position();

  /// Changes after `since` that match, in whole commits: at least one where there is any, and about `limit`.
  /// Looks at about a thousand changes a call, so that a page may be empty and `more` set all the same.
  /// `readable` leaves out repositories. kOutOfRange about kChanges where `since` is of another epoch, or
  /// lies before what is kept or behind what was written.
  Result<ChangePage> read(const ChangePosition& since, const ChangeFilter& filter, std::size_t limit,
                          const std::function<bool(const RepositoryName&)>& readable);

  /// See ChangeSignal::subscribe().
  [[nodiscard]] ChangeSignal::Subscription subscribe(ChangeFilter filter, std::function<void()> wake) {
    return signal_.subscribe(std::move(filter), std::move(wake));
  }
  /// Wakes all subscribers.
  void wake_all() { signal_.wake_all(); }

  /// Removes changes that are older than Options::changes_kept, a thousand a call; returns how many. Expects
  /// to be called at least a few times an hour, since it also notes how old the end of the log is.
  Result<std::size_t> trim();

 private:
  Result<std::string> epoch();
  Result<LogRecord> log();
  Result<std::uint64_t> end(std::uint64_t start);
  Result<bool> lies_ahead(std::uint64_t sequence);

  Context& context_;
  ChangeSignal& signal_;
};

}  // namespace lamina::store
