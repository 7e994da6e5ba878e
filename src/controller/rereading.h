// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "kube/object.h"

namespace lamina::controller {

/// Remembers when the content of objects without an interval of their own is to be read again, in little
/// memory: objects are known by a hash. Thread-safe.
class Rereading {
 public:
  static constexpr std::chrono::hours kInterval{1};

  /// True where the content is to be read now: the time has come, it is distrusted, or `state`, which says
  /// what is asked for, is another one. An object that is not known yet was read before the start, unless
  /// `is_new`; the first times after a start are spread over the interval.
  bool is_due(const kube::ObjectKey& key, std::string_view state, bool is_new, UnixTime now) {
    const std::size_t hash = std::hash<std::string_view>{}(state);
    const std::size_t name = kube::ObjectKeyHash{}(key);
    const std::lock_guard lock(mutex_);
    const auto [known, added] = entries_.try_emplace(name, Entry{.state = hash});
    Entry& entry = known->second;
    if (added && !is_new) {
      entry.due = now + std::chrono::seconds(1 + name % std::chrono::seconds(kInterval).count());
    }
    if (entry.state != hash) entry = {.state = hash};
    return entry.due <= now;
  }
  void was_read(const kube::ObjectKey& key, UnixTime now) {
    const std::lock_guard lock(mutex_);
    entries_[kube::ObjectKeyHash{}(key)].due = now + kInterval;
  }
  void distrust(const kube::ObjectKey& key) {
    const std::lock_guard lock(mutex_);
    entries_[kube::ObjectKeyHash{}(key)].due = {};
  }
  void forget(const kube::ObjectKey& key) {
    const std::lock_guard lock(mutex_);
    entries_.erase(kube::ObjectKeyHash{}(key));
  }
  /// Until the next time; for an object that is not due.
  std::chrono::milliseconds left(const kube::ObjectKey& key, UnixTime now) const {
    const std::lock_guard lock(mutex_);
    const auto known = entries_.find(kube::ObjectKeyHash{}(key));
    if (known == entries_.end() || known->second.due <= now) return std::chrono::milliseconds(1);
    return known->second.due - now;
  }

 private:
  struct Entry {
    std::size_t state = 0;
    UnixTime due{};
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::size_t, Entry> entries_;  ///< Guarded by mutex_.
};

}  // namespace lamina::controller
