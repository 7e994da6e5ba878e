// SPDX-License-Identifier: Apache-2.0
#include "controller/registry_feed.h"

#include <algorithm>

namespace lamina::controller {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kWait{30};
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{10'000};
constexpr milliseconds kWithoutLog{60'000};

}  // namespace

void follow_registry(const FeedParts& parts, const std::stop_token& stop) {
  std::string position;
  milliseconds delay = kFirstPause;
  bool troubled = false;
  bool log_lost = false;
  while (!stop.stop_requested()) {
    auto page = parts.changes(position, position.empty() ? std::chrono::seconds(0) : kWait);
    if (page) {
      if (position.empty()) parts.on_begin();
      if (troubled || log_lost) parts.on_return(log_lost);
      troubled = log_lost = false;
      delay = kFirstPause;
      for (const RegistryChange& change : page->changes) parts.on_change(change);
      position = std::move(page->next);
      continue;
    }
    if (stop.stop_requested()) return;
    if (page.error().code == Code::kOutOfRange) {
      position.clear();
      log_lost = true;
      parts.pause(kFirstPause);
      continue;
    }
    if (!troubled) parts.on_trouble(page.error());
    troubled = true;
    const bool none = page.error().code == Code::kUnsupported || page.error().code == Code::kNotFound;
    parts.pause(none ? kWithoutLog : delay);
    delay = std::min(delay * 2, kLongestPause);
  }
}

}  // namespace lamina::controller
