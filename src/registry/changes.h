// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace lamina::registry {

/// The requests that wait for a change: so many at most, and none once the server stops. Thread-safe.
class Waiters {
 public:
  explicit Waiters(std::size_t most) : most_(most) {}

  /// One of them, as long as it lives. The Waiters outlive it.
  class Place {
   public:
    explicit Place(Waiters& waiters) : waiters_(&waiters) {}
    Place(Place&& other) noexcept : waiters_(std::exchange(other.waiters_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (waiters_ != nullptr) --waiters_->count_;
    }

   private:
    Waiters* waiters_;
  };
  /// Nothing where there are as many as may be.
  std::optional<Place> enter() {
    if (count_++ < most_) return std::optional<Place>(std::in_place, *this);
    --count_;
    return std::nullopt;
  }
  std::size_t count() const { return count_; }

  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> stopped_ = false;
};

}  // namespace lamina::registry
