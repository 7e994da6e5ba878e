// SPDX-License-Identifier: Apache-2.0
#include "meta/testing/memory_meta_store.h"

#include <algorithm>
#include <limits>
#include <ranges>

#include "meta/layout.h"

namespace lamina::meta {
namespace {

thread_local bool in_hook = false;

template <class Hook, class... Arguments>
auto run(const Hook& hook, const Arguments&... arguments) -> decltype(hook(arguments...)) {
  if (!hook || in_hook) return std::nullopt;
  in_hook = true;
  auto answer = hook(arguments...);
  in_hook = false;
  return answer;
}

}  // namespace

Result<void> MemoryMetaStore::may_read() const {
  if (auto error = run(before_read_)) return std::unexpected(*std::move(error));
  return {};
}

void MemoryMetaStore::lose_unsynced() {
  const std::scoped_lock lock(mutex_);
  for (auto& [key, value] : undo_ | std::views::reverse) {
    if (value) {
      records_[key] = *std::move(value);
    } else {
      records_.erase(key);
    }
  }
  undo_.clear();
  const auto sequence = records_.find({Table::kSystem, std::string(kSequenceKey)});
  sequence_ = sequence == records_.end() ? 0 : decode_sequence(sequence->second).value();
}

Result<std::optional<std::string>> MemoryMetaStore::get(Table table, std::string_view key) {
  LAMINA_TRY(may_read());
  const std::scoped_lock lock(mutex_);
  const auto found = records_.find({table, std::string(key)});
  if (found == records_.end()) return std::nullopt;
  return found->second;
}

Result<std::vector<Record>> MemoryMetaStore::scan(Table table, std::string_view prefix,
                                                  std::string_view after, std::size_t limit,
                                                  Include include) {
  LAMINA_TRY(may_read());
  const std::scoped_lock lock(mutex_);
  std::vector<Record> out;
  auto next = !after.empty() && after >= prefix ? records_.upper_bound({table, std::string(after)})
                                                : records_.lower_bound({table, std::string(prefix)});
  for (; next != records_.end() && out.size() < limit; ++next) {
    const auto& [key, value] = *next;
    if (key.first != table || !key.second.starts_with(prefix)) break;
    out.push_back({key.second, include == Include::kKeys ? std::string() : value});
  }
  return out;
}

Result<Outcome> MemoryMetaStore::commit(Batch batch) {
  LAMINA_TRY(check_batch(batch));
  if (auto answer = run(before_commit_, batch)) return *std::move(answer);
  if (!after_commit_) return apply(std::move(batch));
  const Outcome outcome = apply(batch);
  if (std::holds_alternative<Committed>(outcome)) {
    if (auto error = run(after_commit_, batch)) return std::unexpected(*std::move(error));
  }
  return outcome;
}

Result<std::vector<Change>> MemoryMetaStore::changes(std::uint64_t since, std::size_t limit) {
  LAMINA_TRY(may_read());
  std::vector<Change> out;
  if (since == std::numeric_limits<std::uint64_t>::max()) return out;
  const std::scoped_lock lock(mutex_);
  for (auto next = records_.lower_bound({Table::kChanges, change_key(since + 1, 0)}); next != records_.end();
       ++next) {
    const auto& [key, value] = *next;
    if (key.first != Table::kChanges) break;
    LAMINA_ASSIGN(const std::uint64_t sequence, decode_sequence(key.second));
    if (!out.empty() && out.size() >= limit && out.back().sequence != sequence) break;
    out.push_back({sequence, value});
  }
  return out;
}

bool MemoryMetaStore::holds(const Precondition& precondition) const {
  const Key key{precondition.table, precondition.key};
  switch (precondition.kind) {
    case Precondition::Kind::kAbsent: return !records_.contains(key);
    case Precondition::Kind::kPresent: return records_.contains(key);
    case Precondition::Kind::kEquals: {
      const auto found = records_.find(key);
      return found != records_.end() && found->second == precondition.value;
    }
    case Precondition::Kind::kNoneWithPrefix: {
      const auto next = records_.lower_bound(key);
      return next == records_.end() || next->first.first != precondition.table ||
             !next->first.second.starts_with(precondition.key);
    }
  }
  return false;
}

void MemoryMetaStore::put(const Key& key, std::optional<std::string> value) {
  const auto found = records_.find(key);
  undo_.emplace_back(key, found == records_.end() ? std::nullopt : std::optional(found->second));
  if (value) {
    records_[key] = *std::move(value);
  } else {
    records_.erase(key);
  }
}

Outcome MemoryMetaStore::apply(Batch batch) {
  const std::scoped_lock lock(mutex_);
  const auto broken =
      std::ranges::find_if(batch.preconditions, [this](const Precondition& each) { return !holds(each); });
  if (broken != batch.preconditions.end()) {
    return Conflict{static_cast<std::size_t>(broken - batch.preconditions.begin())};
  }
  ++sequence_;
  for (Write& write : batch.writes) put({write.table, std::move(write.key)}, std::move(write.value));
  for (std::size_t index = 0; index < batch.changes.size(); ++index) {
    put({Table::kChanges, change_key(sequence_, index)}, std::move(batch.changes[index]));
  }
  put({Table::kSystem, std::string(kSequenceKey)}, encode_sequence(sequence_));
  if (batch.durability == Durability::kPowerLoss) undo_.clear();
  return Committed{sequence_};
}

}  // namespace lamina::meta
