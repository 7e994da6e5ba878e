// SPDX-License-Identifier: Apache-2.0
#include "store/change_signal.h"

#include <utility>

namespace lamina::store {

bool ChangeFilter::matches(const ChangeRecord& change) const {
  const bool of_repository =
      repository.ends_with('/') ? change.repository.starts_with(repository) : change.repository == repository;
  if (!repository.empty() && !of_repository) return false;
  return !tag || change.tag == tag->str();
}

ChangeSignal::Subscription::Subscription(Subscription&& other) noexcept
    : signal_(std::exchange(other.signal_, nullptr)), home_(other.home_), entry_(other.entry_) {}

ChangeSignal::Subscription::~Subscription() {
  if (signal_ == nullptr) return;
  const std::scoped_lock lock(signal_->mutex_);
  const std::string repository = entry_->filter.repository;
  home_->erase(entry_);
  if (home_ != &signal_->others_ && home_->empty()) signal_->of_repository_.erase(repository);
}

ChangeSignal::Subscription ChangeSignal::subscribe(ChangeFilter filter, std::function<void()> wake) {
  const std::scoped_lock lock(mutex_);
  const bool of_one = !filter.repository.empty() && !filter.repository.ends_with('/');
  Entries& home = of_one ? of_repository_[filter.repository] : others_;
  home.push_front({std::move(filter), std::move(wake)});
  return {*this, home, home.begin()};
}

void ChangeSignal::announce(std::span<const std::string> changes) {
  const std::scoped_lock lock(mutex_);
  if (of_repository_.empty() && others_.empty()) return;
  const auto wake = [](const Entries& entries, const ChangeRecord& change) {
    for (const Entry& entry : entries) {
      if (entry.filter.matches(change)) entry.wake();
    }
  };
  for (const std::string& payload : changes) {
    const auto change = decode<ChangeRecord>(payload);
    if (!change) continue;  // Readers report it.
    if (const auto found = of_repository_.find(change->repository); found != of_repository_.end()) {
      wake(found->second, *change);
    }
    wake(others_, *change);
  }
}

void ChangeSignal::wake_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [repository, entries] : of_repository_) {
    for (const Entry& entry : entries) entry.wake();
  }
  for (const Entry& entry : others_) entry.wake();
}

Result<meta::Outcome> AnnouncingMetaStore::commit(meta::Batch batch) {
  const std::vector<std::string> changes = batch.changes;
  auto outcome = records_.commit(std::move(batch));
  // After an error too: the commit may be there all the same.
  if (!outcome || std::holds_alternative<meta::Committed>(*outcome)) signal_.announce(changes);
  return outcome;
}

}  // namespace lamina::store
