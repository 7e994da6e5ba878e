// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "cmd/quantity.h"

namespace lamina::cmd {
namespace {

constexpr auto kBetweenDraws = std::chrono::milliseconds(100);
/// The rate is that of the last seconds, so that it follows the network.
constexpr auto kRateWindow = std::chrono::seconds(5);
constexpr auto kBeforeRate = std::chrono::milliseconds(300);
constexpr std::size_t kWidestLabel = 32;
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kBarStep = 10;

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// No more columns than it says: a character outside of ASCII is taken for a wide one.
std::size_t columns(std::string_view text) {
  return std::accumulate(text.begin(), text.end(), std::size_t{0}, [](std::size_t sum, char c) {
    return sum + (continues(c) ? 0U : static_cast<unsigned char>(c) < 0x80 ? 1U : 2U);
  });
}

/// The end of the text, which tells more of a path or digest than its beginning does.
std::string shorten(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  constexpr std::string_view kMark = "...";
  if (width <= kMark.size()) return std::string(kMark.substr(0, width));
  std::size_t begin = text.size();
  while (begin > 0) {
    std::size_t before = begin - 1;
    while (before > 0 && continues(text[before])) --before;
    if (columns(text.substr(before)) > width - kMark.size()) break;
    begin = before;
  }
  return std::string(kMark).append(text.substr(begin));
}

/// `verb label`: the label is cut first, and left out where no more than its mark would remain.
std::string shorten(std::string_view verb, std::string_view label, std::size_t width) {
  if (verb.empty()) return shorten(label, width);
  constexpr std::size_t kLeast = 5;
  std::string text = shorten(verb, width);
  if (width < verb.size() + 1 + std::min(columns(label), kLeast)) return text;
  return text.append(" ").append(shorten(label, width - verb.size() - 1));
}

std::string draw_bar(double part, std::size_t width) {
  const std::size_t inside = width - 2;
  const auto full = static_cast<std::size_t>(part * static_cast<double>(inside));
  std::string bar = "[" + std::string(full, '=');
  if (full < inside) bar += '>';
  return bar.append(width - 1 - bar.size(), ' ') + ']';
}

std::string remaining(const ProgressState& state) {
  constexpr double kLongest = 100 * 60 * 60;
  if (!state.total || !state.rate || *state.rate < 1) return {};
  const double seconds = std::ceil(static_cast<double>(*state.total - state.done) / *state.rate);
  if (seconds > kLongest) return {};
  return format_duration(std::chrono::seconds(static_cast<std::int64_t>(seconds))) + " left";
}

}  // namespace

std::string render_progress(const ProgressState& given, std::size_t width) {
  ProgressState state = given;
  if (state.total && *state.total < state.done) state.total.reset();  // It was an estimate.

  // In the order of the line; what is given up first has the highest number.
  struct Part {
    std::string text;
    int given_up;
  };
  const double part = !state.total || *state.total == 0
                          ? 1
                          : static_cast<double>(state.done) / static_cast<double>(*state.total);
  std::array<Part, 4> parts = {{
      {state.total ? fmt::format("{:3.0f}%", std::floor(part * 100)) : "", 0},
      {state.total ? fmt::format("{}/{}", format_size(state.done), format_size(*state.total))
                   : format_size(state.done),
       state.total ? 1 : 0},
      {state.rate ? format_size(static_cast<std::uint64_t>(*state.rate)) + "/s" : "", 3},
      {remaining(state), 2},
  }};
  const auto used = [&] {
    std::size_t sum = 0;
    for (const auto& p : parts) sum += p.text.empty() ? 0 : p.text.size() + 2;
    return sum;
  };
  constexpr std::size_t kLeastLabel = 8;
  const std::string label = printable(state.label);
  const std::size_t least = std::min(columns(label) + state.verb.size(), kLeastLabel);
  for (int level = 3; level > 0 && used() + least > width; --level) {
    for (auto& p : parts) {
      if (p.given_up == level) p.text.clear();
    }
  }
  if (used() > width) return shorten(parts[0].text.empty() ? parts[1].text : parts[0].text, width);

  const std::size_t room = std::min(width - used(), kWidestLabel);
  std::string line = room < least ? "" : shorten(state.verb, label, room);
  const std::size_t taken = columns(line) + used();
  if (state.total && width >= taken + kBarStep + 2) {
    // In steps, so that it does not change with each digit of the numbers.
    const std::size_t bar = std::min(width - taken - 2, kWidestBar);
    line += "  " + draw_bar(part, bar - bar % kBarStep);
  }
  for (const auto& p : parts) {
    if (!p.text.empty()) line += (line.empty() ? "" : "  ") + p.text;
  }
  return line;
}

void ProgressMeter::update(const Progress& progress, SteadyTime now) {
  // What was hashed is then sent, under the same name.
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    transfers_.clear();
    samples_.clear();
  }
  last_ = progress.what;
  transfers_[progress.what] = {progress.done, progress.total, progress.finished};
  samples_.push_back({now, done()});
  // One sample from before the window is kept, so that the window is full.
  while (samples_.size() > 2 && samples_[1].time + kRateWindow < now) samples_.pop_front();
}

ProgressState ProgressMeter::state() const {
  constexpr std::string_view kVerbs[] = {"hashing", "pushing", "pulling"};
  ProgressState state{.verb = kVerbs[static_cast<std::size_t>(phase_)],
                      .label = subject_.empty() ? last_ : subject_,
                      .done = done()};
  const auto running = std::ranges::count_if(transfers_, [](const auto& t) { return !t.second.finished; });
  if (running > 1 && subject_.empty()) state.label += fmt::format(" and {} more", running - 1);
  if (std::ranges::all_of(transfers_, [](const auto& t) { return t.second.total.has_value(); })) {
    state.total = std::accumulate(transfers_.begin(), transfers_.end(), std::uint64_t{0},
                                  [](std::uint64_t sum, const auto& t) { return sum + *t.second.total; });
  }
  if (!samples_.empty()) {
    const auto& [first, last] = std::pair(samples_.front(), samples_.back());
    const std::chrono::duration<double> time = last.time - first.time;
    if (time >= kBeforeRate && last.done >= first.done) {
      state.rate = static_cast<double>(last.done - first.done) / time.count();
    }
  }
  return state;
}

std::uint64_t ProgressMeter::done() const {
  return std::accumulate(transfers_.begin(), transfers_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& t) { return sum + t.second.done; });
}

void ProgressDisplay::update(const Progress& progress) {
  const SteadyTime now = now_();
  meter_.update(progress, now);
  if (drawn_ && now < *drawn_ + kBetweenDraws) return;
  drawn_ = now;
  // The last column stays free: writing to it moves some terminals to the next line.
  const std::size_t width = std::max<std::size_t>(terminal_.width(), 2) - 1;
  terminal_.write("\r" + render_progress(meter_.state(), width) + "\x1b[K");
}

void ProgressDisplay::clear() {
  if (drawn_) terminal_.write("\r\x1b[K");
  drawn_.reset();
}

}  // namespace lamina::cmd
