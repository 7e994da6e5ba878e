// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/terminal.h"
#include "lamina/client.h"

namespace lamina::cmd {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What a line of progress shows.
struct ProgressState {
  std::string_view verb = {};  ///< A literal.
  std::string label;
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;
  std::optional<double> rate;  ///< Bytes a second; absent until it can be told.
};

/// The line, of at most `width` columns: label, bar, percent, bytes, rate, remaining time. Where the width
/// does not suffice, the bar goes first, then the rate, the remaining time and the bytes; last, the label is
/// cut, and the verb before it kept.
std::string render_progress(const ProgressState& state, std::size_t width);

/// Sums up what the client reports.
class ProgressMeter {
 public:
  /// `subject`: what all transfers are for, such as a reference; empty: each goes by its own name.
  explicit ProgressMeter(std::string subject = {}) : subject_(std::move(subject)) {}
  void update(const Progress& progress, SteadyTime now);
  ProgressState state() const;

 private:
  struct Transfer {
    std::uint64_t done = 0;
    std::optional<std::uint64_t> total;
    bool finished = false;
  };
  struct Sample {
    SteadyTime time;
    std::uint64_t done;
  };
  std::uint64_t done() const;

  const std::string subject_;
  Progress::Phase phase_ = Progress::Phase::kUploading;
  std::string last_;
  std::map<std::string, Transfer> transfers_;  // Of this phase, by name.
  std::deque<Sample> samples_;                 // Of the last seconds, oldest first.
};

/// Draws progress on the last line of a terminal, ten times a second at most; clears it when destroyed.
class ProgressDisplay {
 public:
  using Now = std::function<SteadyTime()>;
  ProgressDisplay(Terminal& terminal, Now now, std::string subject = {})
      : terminal_(terminal), now_(std::move(now)), meter_(std::move(subject)) {}
  ~ProgressDisplay() { clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void update(const Progress& progress);
  void clear();

 private:
  Terminal& terminal_;
  Now now_;
  ProgressMeter meter_;
  std::optional<SteadyTime> drawn_;
};

}  // namespace lamina::cmd
