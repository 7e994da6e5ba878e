// SPDX-License-Identifier: Apache-2.0
#include "store/holds.h"

#include <algorithm>

#include "store/expiry.h"
#include "store/keys.h"

namespace lamina::store {
namespace {

using meta::Include;
using meta::Table;

constexpr std::size_t kHoldsOfOne = 1'000;
constexpr std::size_t kObjectsAtOnce = 256;
constexpr std::size_t kScanRecords = 1'000;
/// Up to so many objects are read one by one; for more the scope is scanned.
constexpr std::size_t kFewObjects = 16;

/// A complete list that leaves out more than this is taken for a mistake: decided by both.
constexpr std::size_t kVanishing = 20;
constexpr std::size_t kVanishingShare = 10;

bool same(const HolderRecord& a, const HolderRecord& b) { return a.uid == b.uid && a.holds == b.holds; }

}  // namespace

struct Holds::Difference {
  std::vector<Item> changed;
  std::vector<Item> vanished;
  std::size_t known = 0;  ///< Objects that hold something.
};

std::uint64_t Holds::Step::pairs_released() const {
  std::uint64_t pairs = 0;
  for (const auto& [manifest, holders] : released) pairs += holders.size();
  return pairs;
}

Result<HoldsOutcome> Holds::set(const HoldsUpdate& update) {
  LAMINA_ASSIGN(Wanted wanted, wanted_of(update));
  Difference difference;
  if (update.complete || wanted.size() > kFewObjects) {
    LAMINA_ASSIGN(difference, compare(update, std::move(wanted)));
  } else {
    for (auto& [key, record] : wanted) difference.changed.push_back({key, std::move(record), {}});
  }
  HoldsOutcome outcome;
  LAMINA_TRY(replace(update, difference.changed, outcome));
  if (!update.complete) return outcome;
  const std::size_t vanished = difference.vanished.size();
  if (vanished > kVanishing && vanished * kVanishingShare > difference.known) {
    outcome.in_doubt = vanished;
    return outcome;
  }
  LAMINA_TRY(replace(update, difference.vanished, outcome));
  LAMINA_TRY(note_sync(update));
  return outcome;
}

Result<Holds::Wanted> Holds::wanted_of(const HoldsUpdate& update) {
  LAMINA_TRY(validate(update.scope));
  Wanted wanted;
  for (const auto& entry : update.holders) {
    const Holder holder{update.scope, entry.namespace_name, entry.name};
    LAMINA_TRY(validate(holder));
    LAMINA_TRY(validate_uid(entry.uid));
    if (entry.holds.size() > kHoldsOfOne) {
      return fail(Code::kTooLarge,
                  to_string(holder) + " holds more than " + std::to_string(kHoldsOfOne) + " manifests");
    }
    HolderRecord record{.uid = entry.uid, .changed = {}, .holds = entry.holds};
    std::ranges::sort(record.holds);
    const auto repeated = std::ranges::unique(record.holds);
    record.holds.erase(repeated.begin(), repeated.end());
    if (!wanted.emplace(keys::holder(holder), std::move(record)).second) {
      return fail(Code::kInvalid, to_string(holder) + " comes twice in the list of objects");
    }
  }
  return wanted;
}

Result<Holds::Difference> Holds::compare(const HoldsUpdate& update, Wanted wanted) {
  Difference difference;
  const std::string prefix = keys::scope(update.scope);
  const UnixTime now = context_.clock.now();
  for (std::string after;;) {
    LAMINA_ASSIGN(auto page, context_.meta.scan(Table::kHolds, prefix, after, kScanRecords));
    difference.known += page.size();
    for (auto& stored : page) {
      after = stored.key;
      LAMINA_ASSIGN(const HolderRecord record, decode<HolderRecord>(stored.value));
      const auto entry = wanted.find(stored.key);
      if (entry != wanted.end()) {
        if (same(entry->second, record)) wanted.erase(entry);
        continue;
      }
      // What is new since the list was begun cannot be on it.
      const bool newer = update.listed_ago && record.changed >= now - *update.listed_ago;
      if (update.complete && !newer) {
        difference.vanished.push_back({std::move(stored.key), {}, std::move(stored.value)});
      }
    }
    if (page.size() < kScanRecords) break;
  }
  for (auto& [key, record] : wanted) difference.changed.push_back({key, std::move(record), {}});
  return difference;
}

Result<bool> Holds::require_leader(meta::Batch& batch, const Scope& scope, std::uint64_t generation) {
  const std::string key = keys::scope(scope);
  LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kHoldSyncs, key));
  SyncRecord sync;
  if (stored) {
    LAMINA_ASSIGN(sync, decode<SyncRecord>(*stored));
  }
  if (generation < sync.generation) return false;
  require_unchanged(batch, Table::kHoldSyncs, key, stored);
  if (generation == sync.generation && stored) return true;
  // Its lists are not known to have begun after those of the generation before had ended.
  set_record(batch, Table::kHoldSyncs, key,
             encode(SyncRecord{.generation = generation, .began = sync.began, .finished = {}}));
  return true;
}

Result<void> Holds::replace(const HoldsUpdate& update, std::span<const Item> work, HoldsOutcome& outcome) {
  std::set<HeldManifest> missing;
  do {
    const auto chunk = work.first(std::min(work.size(), kObjectsAtOnce));
    work = work.subspan(chunk.size());
    Step step;
    bool leads = true;
    LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
      step = {};
      meta::Batch batch;
      LAMINA_ASSIGN(leads, require_leader(batch, update.scope, update.generation));
      if (!leads) return meta::Batch{};
      for (const Item& item : chunk) LAMINA_TRY(change(batch, item, step));
      LAMINA_TRY(finish(batch, step));
      return batch;
    }));
    if (!leads) {
      return fail(Code::kConflict, "generation " + std::to_string(update.generation) + " of " +
                                       update.scope.kind + " in cluster " + update.scope.cluster +
                                       " is over: a later one has spoken");
    }
    outcome.held += step.held;
    outcome.released += step.pairs_released();
    missing.merge(step.missing);
  } while (!work.empty());
  outcome.missing.insert(outcome.missing.end(), missing.begin(), missing.end());
  return {};
}

Result<void> Holds::change(meta::Batch& batch, const Item& item, Step& step) {
  LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kHolds, item.key));
  if (item.only_if && stored != item.only_if) return {};
  HolderRecord before;
  if (stored) {
    LAMINA_ASSIGN(before, decode<HolderRecord>(*stored));
  }
  HolderRecord after{.uid = item.wanted.uid, .changed = context_.clock.now(), .holds = {}};
  for (const HeldManifest& manifest : item.wanted.holds) {
    if (!std::ranges::binary_search(before.holds, manifest)) {
      const std::string key = keys::in(manifest.repository, manifest.digest);
      LAMINA_ASSIGN(const auto there, context_.meta.get(Table::kManifests, key));
      if (!there) {
        step.missing.insert(manifest);
        continue;
      }
      // Its removal requires that there is no hold: whichever commit comes second fails.
      require_present(batch, Table::kManifests, key);
      set_record(batch, Table::kHeld, keys::held(manifest, item.key), {});
      ++step.held;
    }
    after.holds.push_back(manifest);
  }
  for (const HeldManifest& manifest : before.holds) {
    if (std::ranges::binary_search(after.holds, manifest)) continue;
    erase_record(batch, Table::kHeld, keys::held(manifest, item.key));
    step.released[manifest].insert(item.key);
  }
  if (same(before, after) || (!stored && after.holds.empty())) return {};
  require_unchanged(batch, Table::kHolds, item.key, stored);
  if (after.holds.empty()) {
    erase_record(batch, Table::kHolds, item.key);
  } else {
    set_record(batch, Table::kHolds, item.key, encode(after));
  }
  return {};
}

Result<void> Holds::finish(meta::Batch& batch, const Step& step) {
  for (const auto& [manifest, holders] : step.released) {
    LAMINA_TRY(note_release(context_, batch, manifest, holders));
  }
  return {};
}

Result<void> Holds::note_sync(const HoldsUpdate& update) {
  const std::string key = keys::scope(update.scope);
  const UnixTime now = context_.clock.now();
  SyncRecord after;
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    meta::Batch batch;
    // Lost at worst: then something stays until the next list.
    batch.durability = meta::Durability::kProcessDeath;
    LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kHoldSyncs, key));
    SyncRecord before;
    if (stored) {
      LAMINA_ASSIGN(before, decode<SyncRecord>(*stored));
    }
    if (update.generation != before.generation) return batch;  // Another has taken over meanwhile.
    // Without its word the list is only known to be younger than the one before.
    const UnixTime began = update.listed_ago ? now - *update.listed_ago : before.finished;
    after = {.generation = update.generation, .began = std::max(before.began, began), .finished = now};
    require_unchanged(batch, Table::kHoldSyncs, key, stored);
    set_record(batch, Table::kHoldSyncs, key, encode(after));
    return batch;
  }));
  return wake_owned(update.scope, after.began);
}

Result<void> Holds::wake_owned(const Scope& scope, UnixTime before) {
  const std::string prefix = keys::scope(scope);
  for (;;) {
    LAMINA_ASSIGN(const auto page,
                  context_.meta.scan(Table::kOwnedExpiries, prefix, {}, kScanRecords, Include::kKeys));
    meta::Batch batch;
    batch.durability = meta::Durability::kProcessDeath;
    for (const auto& entry : page) {
      const std::string due = entry.key.substr(prefix.size());
      LAMINA_ASSIGN(const UnixTime expires, keys::due_time(due));
      if (expires >= before) break;
      set_record(batch, Table::kExpiries, due, {});
      erase_record(batch, Table::kOwnedExpiries, entry.key);
    }
    if (batch.writes.empty()) return {};
    LAMINA_TRY(context_.meta.commit(std::move(batch)));
  }
}

}  // namespace lamina::store
