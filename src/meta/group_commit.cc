// SPDX-License-Identifier: Apache-2.0
#include "meta/group_commit.h"

namespace lamina::meta {
namespace {

constexpr std::size_t kRecordOverhead = 64;

}  // namespace

std::size_t size_of(const Batch& batch) {
  std::size_t bytes = kRecordOverhead;  // The sequence.
  for (const Write& write : batch.writes) {
    bytes += kRecordOverhead + write.key.size() + (write.value ? write.value->size() : 0);
  }
  for (const std::string& change : batch.changes) bytes += kRecordOverhead + change.size();
  return bytes;
}

Result<Outcome> GroupCommit::commit(Batch batch) {
  Waiter self;
  self.bytes = size_of(batch);
  self.batch = std::move(batch);

  std::unique_lock lock(mutex_);
  queue_.push_back(&self);
  self.wake.wait(lock, [&] { return self.done || (!leading_ && queue_.front() == &self); });
  if (self.done) return std::move(self.outcome);

  leading_ = true;
  const std::vector<Member*> group = take_group();
  lock.unlock();
  apply_(group);
  lock.lock();
  leading_ = false;
  for (Member* member : group) {
    auto* waiter = static_cast<Waiter*>(member);
    waiter->done = true;
    waiter->wake.notify_one();
  }
  if (!queue_.empty()) queue_.front()->wake.notify_one();
  return std::move(self.outcome);
}

std::size_t GroupCommit::waiting() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

std::vector<GroupCommit::Member*> GroupCommit::take_group() {
  std::vector<Member*> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front()->bytes <= max_bytes_)) {
    bytes += queue_.front()->bytes;
    group.push_back(queue_.front());
    queue_.pop_front();
  }
  return group;
}

}  // namespace lamina::meta
