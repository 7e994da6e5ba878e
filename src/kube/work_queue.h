// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "kube/key_queue.h"

namespace lamina::kube {

/// Keys that wait for work, with the conventions of controller-runtime: a key waits once however often it is
/// added; no two workers have one key; what is added while it is in work comes again after done(); failures
/// come again after a growing delay, which success forgets. Thread-safe.
class WorkQueue {
 public:
  using Key = std::string;

  explicit WorkQueue(const MonotonicClock& clock, BackOff back_off = {});

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
  std::optional<Key> take(const std::stop_token& stop);
  void done(const Key& key);

  void shut_down();
  std::size_t waiting() const;  ///< Ready now.
  std::size_t failures(const Key& key) const;

 private:
  void wake_one();

  const MonotonicClock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  KeyQueue queue_;           // Under mutex_.
  std::size_t changes_ = 0;  // Under mutex_: wake-ups so far.
  bool shut_down_ = false;   // Under mutex_.
};

}  // namespace lamina::kube
