// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace lamina::kube {

struct BackOff {
  std::chrono::milliseconds first{5};
  std::chrono::milliseconds longest{300'000};  ///< client-go: 1000 s
};

/// Keys that wait for work, with the conventions of controller-runtime: a key waits once however often it is
/// added; no two workers have one key; what is added while it is in work comes again after done(); failures
/// come again after a growing delay, which success forgets. Thread-safe.
class WorkQueue {
 public:
  using Key = std::string;

  WorkQueue(const MonotonicClock& clock, BackOff back_off = {});

  void add(Key key);
  /// Where it waits already, the earlier time counts. add() comes before any delay.
  void add_after(Key key, std::chrono::milliseconds delay);
  /// After the delay that the number of failures in a row of this key gives.
  void add_failed(Key key);
  /// The key has succeeded: its failures are forgotten.
  void forget(const Key& key);
  /// Drops what waits for a later time.
  void cancel(const Key& key);

  /// The next key; the caller has it until done(). Blocks; nothing once `stop` or shut_down() came.
  std::optional<Key> take(std::stop_token stop);
  void done(const Key& key);

  void shut_down();
  std::size_t waiting() const;   ///< Ready now.
  std::size_t failures(const Key& key) const;

 private:
  // The helper's to fill.
};

}  // namespace lamina::kube
