// SPDX-License-Identifier: Apache-2.0
#include "kube/event_aggregator.h"

#include <algorithm>
#include <chrono>

namespace lamina::kube {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostEntries = 4096;
constexpr seconds kSameEvent{600};
constexpr double kBurst = 25;
constexpr seconds kOneMore{300};

/// Bounds `entries`: the oldest goes.
void make_room(auto& entries) {
  if (entries.size() < kMostEntries) return;
  entries.erase(std::ranges::min_element(entries, {}, [](const auto& entry) { return entry.second.last; }));
}

}  // namespace

std::optional<EventAggregator::Sent> EventAggregator::take(const std::string& object,
                                                           const std::string& content, UnixTime now,
                                                           const std::function<std::string()>& new_name) {
  auto known = known_.find(content);
  if (known != known_.end() && now - known->second.last > kSameEvent) {
    known_.erase(known);
    known = known_.end();
  }
  const bool may_send = spend(object, now);
  if (known == known_.end()) {
    if (!may_send) return std::nullopt;
    make_room(known_);
    known = known_.emplace(content, Known{{new_name(), 0, now}, now}).first;
  }
  ++known->second.sent.count;
  known->second.last = now;
  if (!may_send) return std::nullopt;
  return known->second.sent;
}

bool EventAggregator::spend(const std::string& object, UnixTime now) {
  auto share = shares_.find(object);
  if (share == shares_.end()) {
    make_room(shares_);
    share = shares_.emplace(object, Share{kBurst, now}).first;
  }
  auto& [left, last] = share->second;
  const auto passed = std::max(now - last, seconds(0));
  left = std::min(kBurst, left + static_cast<double>(passed.count()) / static_cast<double>(kOneMore.count()));
  last = now;
  if (left < 1) return false;
  left -= 1;
  return true;
}

}  // namespace lamina::kube
