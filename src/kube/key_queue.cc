// SPDX-License-Identifier: Apache-2.0
#include "kube/key_queue.h"

#include <algorithm>

namespace lamina::kube {

void KeyQueue::add(Key key) { want(*entries_.try_emplace(std::move(key)).first); }

void KeyQueue::add_at(Key key, Instant due) {
  auto& keyed = *entries_.try_emplace(std::move(key)).first;
  Entry& entry = keyed.second;
  if (entry.wanted || (entry.due && *entry.due <= due)) return;
  end_delay(keyed);
  entry.due = due;
  delayed_.emplace(due, keyed.first);
}

void KeyQueue::add_failed(Key key, Instant now) {
  std::size_t& failures = entries_[key].failures;
  auto delay = back_off_.first;
  for (std::size_t i = 0; i < failures && delay < back_off_.longest; ++i) delay *= 2;
  ++failures;
  add_at(std::move(key), now + std::min(delay, back_off_.longest));
}

void KeyQueue::forget(const Key& key) {
  const auto keyed = entries_.find(key);
  if (keyed == entries_.end()) return;
  keyed->second.failures = 0;
  drop_if_idle(keyed);
}

void KeyQueue::cancel(const Key& key) {
  const auto keyed = entries_.find(key);
  if (keyed == entries_.end()) return;
  end_delay(*keyed);
  drop_if_idle(keyed);
}

std::optional<KeyQueue::Key> KeyQueue::take(Instant now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) want(*entries_.find(delayed_.begin()->second));
  if (ready_.empty()) return std::nullopt;
  Key key = std::move(ready_.front());
  ready_.pop_front();
  Entry& entry = entries_.find(key)->second;
  entry.wanted = false;
  entry.in_work = true;
  return key;
}

bool KeyQueue::done(const Key& key) {
  const auto keyed = entries_.find(key);
  if (keyed == entries_.end() || !keyed->second.in_work) return false;
  keyed->second.in_work = false;
  const bool again = keyed->second.wanted;
  if (again) ready_.push_back(key);
  drop_if_idle(keyed);
  return again;
}

std::optional<Instant> KeyQueue::next_due() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

std::size_t KeyQueue::ready(Instant now) const {
  const auto is_idle = [this](const auto& delay) { return !entries_.find(delay.second)->second.in_work; };
  const auto later = std::ranges::find_if(delayed_, [now](const auto& delay) { return delay.first > now; });
  return ready_.size() + static_cast<std::size_t>(std::count_if(delayed_.begin(), later, is_idle));
}

std::size_t KeyQueue::failures(const Key& key) const {
  const auto keyed = entries_.find(key);
  return keyed == entries_.end() ? 0 : keyed->second.failures;
}

void KeyQueue::want(Entries::value_type& keyed) {
  end_delay(keyed);
  auto& [key, entry] = keyed;
  if (entry.wanted) return;
  entry.wanted = true;
  if (!entry.in_work) ready_.push_back(key);
}

void KeyQueue::end_delay(Entries::value_type& keyed) {
  auto& [key, entry] = keyed;
  if (!entry.due) return;
  delayed_.erase({*entry.due, key});
  entry.due.reset();
}

void KeyQueue::drop_if_idle(Entries::iterator keyed) {
  const Entry& entry = keyed->second;
  if (!entry.wanted && !entry.in_work && !entry.due && entry.failures == 0) entries_.erase(keyed);
}

}  // namespace lamina::kube
