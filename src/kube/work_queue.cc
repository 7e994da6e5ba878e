// SPDX-License-Identifier: Apache-2.0
#include "kube/work_queue.h"

#include <utility>

namespace lamina::kube {

WorkQueue::WorkQueue(const MonotonicClock& clock, BackOff back_off) : clock_(clock), queue_(back_off) {}

void WorkQueue::add(Key key) {
  const std::lock_guard lock(mutex_);
  queue_.add(std::move(key));
  wake_one();
}

void WorkQueue::add_after(Key key, std::chrono::milliseconds delay) {
  const std::lock_guard lock(mutex_);
  queue_.add_at(std::move(key), clock_.now() + delay);
  wake_one();
}

void WorkQueue::add_failed(Key key) {
  const std::lock_guard lock(mutex_);
  queue_.add_failed(std::move(key), clock_.now());
  wake_one();
}

void WorkQueue::forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  queue_.forget(key);
}

void WorkQueue::cancel(const Key& key) {
  const std::lock_guard lock(mutex_);
  queue_.cancel(key);
}

std::optional<WorkQueue::Key> WorkQueue::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!shut_down_ && !stop.stop_requested()) {
    const Instant now = clock_.now();
    std::optional<Key> key = queue_.take(now);
    if (key) {
      // Another one has to look after what this one has been woken for, or was waiting for.
      if (queue_.next_due() || queue_.ready(now) > 0) wake_one();
      return key;
    }
    const auto changed = [this, seen = changes_] { return shut_down_ || changes_ != seen; };
    if (const auto due = queue_.next_due()) {
      changed_.wait_for(lock, stop, *due - now, changed);
    } else {
      changed_.wait(lock, stop, changed);
    }
  }
  return std::nullopt;
}

void WorkQueue::done(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (queue_.done(key)) wake_one();
}

void WorkQueue::shut_down() {
  const std::lock_guard lock(mutex_);
  shut_down_ = true;
  changed_.notify_all();
}

std::size_t WorkQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.ready(clock_.now());
}

std::size_t WorkQueue::failures(const Key& key) const {
  const std::lock_guard lock(mutex_);
  return queue_.failures(key);
}

void WorkQueue::wake_one() {
  ++changes_;
  changed_.notify_one();
}

}  // namespace lamina::kube
