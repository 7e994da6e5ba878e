// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"

namespace lamina::kube {

struct BackOff {
  std::chrono::milliseconds first{5};
  std::chrono::milliseconds longest{300'000};  ///< client-go: 1000 s
};

/// The rules of WorkQueue, without threads and with the time passed in. Holds only keys that wait, are in
/// work or have failed. Not thread-safe.
class KeyQueue {
 public:
  using Key = std::string;

  explicit KeyQueue(BackOff back_off) : back_off_(back_off) {}

  void add(Key key);
  void add_at(Key key, Instant due);
  void add_failed(Key key, Instant now);
  void forget(const Key& key);
  void cancel(const Key& key);

  /// The key that has been ready the longest; it is in work until done().
  std::optional<Key> take(Instant now);
  /// True where the key is ready again.
  bool done(const Key& key);

  /// When the next key becomes ready of which none is now.
  std::optional<Instant> next_due() const;
  std::size_t ready(Instant now) const;
  std::size_t failures(const Key& key) const;

 private:
  struct Entry {
    bool wanted = false;  ///< Ready, or in work and to come again.
    bool in_work = false;
    std::size_t failures = 0;
    std::optional<Instant> due;
  };
  using Entries = std::unordered_map<Key, Entry>;

  void want(Entries::value_type& keyed);
  void end_delay(Entries::value_type& keyed);
  void drop_if_idle(Entries::iterator keyed);

  BackOff back_off_;
  Entries entries_;
  std::deque<Key> ready_;
  std::set<std::pair<Instant, Key>> delayed_;  ///< Those with `due`.
};

}  // namespace lamina::kube
