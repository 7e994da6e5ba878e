// SPDX-License-Identifier: Apache-2.0
#include "kube/deadline.h"

namespace lamina::kube {

bool pause(std::chrono::nanoseconds delay, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any nobody_notifies;
  std::unique_lock lock(mutex);
  nobody_notifies.wait_for(lock, stop, delay, [] { return false; });
  return !stop.stop_requested();
}

Deadline::Deadline(const MonotonicClock& clock, Instant when, const std::stop_token& outer)
    : clock_(clock),
      when_(when),
      outer_(outer, [this] { stop_.request_stop(); }),
      thread_([this] { wait(); }) {}

Deadline::~Deadline() {
  stop_.request_stop();
  thread_.join();
}

void Deadline::move_to(Instant when) {
  const std::lock_guard lock(mutex_);
  when_ = when;
  moved_.notify_one();
}

bool Deadline::passed() const {
  const std::lock_guard lock(mutex_);
  return passed_;
}

void Deadline::wait() {
  const std::stop_token stopped = stop_.get_token();
  std::unique_lock lock(mutex_);
  while (!stopped.stop_requested()) {
    const Instant when = when_;
    const auto left = when - clock_.now();
    if (left <= Instant::duration::zero()) {
      passed_ = true;
      lock.unlock();  // Who is told to stop may ask at once why.
      stop_.request_stop();
      return;
    }
    moved_.wait_for(lock, stopped, left, [&] { return when_ != when; });
  }
}

}  // namespace lamina::kube
