// SPDX-License-Identifier: Apache-2.0
#include "client/pipe.h"

#include <algorithm>
#include <utility>

namespace lamina::client {

Result<void> Pipe::write(std::span<const std::byte> bytes) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty()) {
    changed_.wait(lock, [&] { return used_ < kCapacity || abandoned_; });
    if (abandoned_) return fail(Code::kCancelled, "the reader went away");
    const std::size_t at = (first_ + used_) % kCapacity;
    const std::size_t count = std::min({bytes.size(), kCapacity - used_, kCapacity - at});
    std::ranges::copy(bytes.first(count), ring_.begin() + static_cast<std::ptrdiff_t>(at));
    used_ += count;
    bytes = bytes.subspan(count);
    changed_.notify_all();
  }
  return {};
}

void Pipe::finish(Result<void> outcome) {
  const std::lock_guard lock(mutex_);
  outcome_ = std::move(outcome);
  changed_.notify_all();
}

Result<std::size_t> Pipe::read(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return used_ > 0 || outcome_; });
  if (used_ == 0) {
    LAMINA_TRY(*outcome_);
    return 0;
  }
  const std::size_t count = std::min({buffer.size(), used_, kCapacity - first_});
  std::ranges::copy(std::span(ring_).subspan(first_, count), buffer.begin());
  first_ = (first_ + count) % kCapacity;
  used_ -= count;
  changed_.notify_all();
  return count;
}

void Pipe::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  changed_.notify_all();
}

}  // namespace lamina::client
