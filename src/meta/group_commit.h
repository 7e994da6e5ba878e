// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "meta/meta_store.h"

namespace lamina::meta {

/// Joins the commits of concurrent threads into groups, so that one sync serves them all. The first to come
/// leads: it applies all that wait, itself included, while later ones gather behind it. Thread-safe.
class GroupCommit {
 public:
  struct Member {
    Batch batch;
    Result<Outcome> outcome;
  };
  /// Applies the members in their order and sets each one's outcome. Called by one thread at a time.
  using Apply = std::function<void(std::span<Member* const> group)>;

  /// A group holds at most `max_bytes`, but always at least one batch.
  GroupCommit(std::size_t max_bytes, Apply apply) : max_bytes_(max_bytes), apply_(std::move(apply)) {}

  /// Returns once a group with this batch was applied, with the outcome that Apply gave it.
  Result<Outcome> commit(Batch batch);

  /// Batches that wait behind the group being applied.
  std::size_t waiting() const;

 private:
  struct Waiter : Member {
    std::size_t bytes = 0;
    bool done = false;
    std::condition_variable wake;
  };

  std::vector<Member*> take_group();

  const std::size_t max_bytes_;
  const Apply apply_;

  mutable std::mutex mutex_;  // Guards all below and the waiters' bytes and done.
  bool leading_ = false;
  std::deque<Waiter*> queue_;  // Not yet in a group, in the order of arrival.
};

/// About what the batch adds to a write buffer.
std::size_t size_of(const Batch& batch);

}  // namespace lamina::meta
