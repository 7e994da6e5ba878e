// SPDX-License-Identifier: Apache-2.0
#include "store/expiry.h"

#include <vector>

#include "store/keys.h"

namespace lamina::store {
namespace {

using meta::Table;

constexpr std::size_t kHoldersAtOnce = 5'000;

}  // namespace

void note_expiry(meta::Batch& batch, const RepositoryName& repository, const Digest& digest, UnixTime expires,
                 const std::optional<OwnerRecord>& owner) {
  if (owner && !owner->released) {
    set_record(batch, Table::kOwnedExpiries, keys::owned_due(owner->owner.scope, expires, repository, digest),
               {});
  } else {
    set_record(batch, Table::kExpiries, keys::due(expires, repository, digest), {});
  }
}

Result<std::optional<std::string>> find_hold(Context& context, const RepositoryName& repository,
                                             const Digest& digest) {
  LAMINA_ASSIGN(auto holds,
                context.meta.scan(Table::kHeld, keys::in(repository, digest), {}, 1, meta::Include::kKeys));
  if (holds.empty()) return std::nullopt;
  return std::move(holds.front().key);
}

Result<bool> owner_lets_go(Context& context, const RepositoryName& repository, const Digest& digest,
                           UnixTime expires) {
  LAMINA_ASSIGN(
      const auto owner,
      read_record<OwnerRecord>(context, Table::kOwners, keys::in(repository, digest), decode<OwnerRecord>));
  if (!owner || owner->released) return true;
  LAMINA_ASSIGN(const auto sync,
                read_record<SyncRecord>(context, Table::kHoldSyncs, keys::scope(owner->owner.scope),
                                        decode<SyncRecord>));
  return sync && sync->began > expires;
}

Result<void> note_release(Context& context, meta::Batch& batch, const HeldManifest& released,
                          const std::set<std::string>& holders) {
  const auto& [repository, digest] = released;
  const std::string key = keys::in(repository, digest);
  const UnixTime now = context.clock.now();
  LAMINA_ASSIGN(const auto stored, context.meta.get(Table::kManifests, key));
  // Who condemns the manifest or gives it an expiry meanwhile has seen the hold, so this has to see that.
  require_unchanged(batch, Table::kManifests, key, stored);
  if (!stored) return {};
  LAMINA_ASSIGN(ManifestRecord record, decode<ManifestRecord>(*stored));
  if (record.condemned) {
    set_record(batch, Table::kExpiries, keys::due(now, repository, digest), {});
    return {};
  }
  if (record.expires == UnixTime{}) return {};
  record.expires = now + context.options.released_grace;
  set_record(batch, Table::kManifests, key, encode(record));
  LAMINA_ASSIGN(const auto stored_owner, context.meta.get(Table::kOwners, key));
  require_unchanged(batch, Table::kOwners, key, stored_owner);
  std::optional<OwnerRecord> owner;
  if (stored_owner) {
    LAMINA_ASSIGN(owner, decode<OwnerRecord>(*stored_owner));
    if (holders.contains(keys::holder(owner->owner))) {
      owner->released = true;
      set_record(batch, Table::kOwners, key, encode(*owner));
    }
  }
  note_expiry(batch, repository, digest, record.expires, owner);
  return {};
}

Result<void> drop_holds(Context& context, meta::Batch& batch, const HeldManifest& held) {
  const std::string prefix = keys::in(held.repository, held.digest);
  LAMINA_ASSIGN(const auto holds,
                context.meta.scan(Table::kHeld, prefix, {}, kHoldersAtOnce, meta::Include::kKeys));
  for (const auto& hold : holds) {
    const std::string holder = hold.key.substr(prefix.size());
    LAMINA_ASSIGN(const auto stored, context.meta.get(Table::kHolds, holder));
    require_unchanged(batch, Table::kHolds, holder, stored);
    erase_record(batch, Table::kHeld, hold.key);
    if (!stored) continue;
    LAMINA_ASSIGN(HolderRecord record, decode<HolderRecord>(*stored));
    std::erase(record.holds, held);
    record.changed = context.clock.now();
    if (record.holds.empty()) {
      erase_record(batch, Table::kHolds, holder);
    } else {
      set_record(batch, Table::kHolds, holder, encode(record));
    }
  }
  return note_release(context, batch, held, {});
}

}  // namespace lamina::store
