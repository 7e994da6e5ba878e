// SPDX-License-Identifier: Apache-2.0
// Lists of who holds what, and the operator's verbs on them.
#include <algorithm>
#include <iterator>

#include "store/expiry.h"
#include "store/holds.h"
#include "store/keys.h"

namespace lamina::store {
namespace {

using meta::Include;
using meta::Table;

constexpr std::size_t kScanRecords = 256;
/// Objects that one commit of an operator's verb changes.
constexpr std::size_t kObjectsAtOnce = 256;
constexpr std::size_t kTagsOfOrphan = 100;
/// Manifests read at once, each up to 4 MiB, and looked at in a call.
constexpr std::size_t kManifestsAtOnce = 32;
constexpr std::size_t kManifestsOfPage = 5'000;

/// Of the keys in kHolds that can match: as many parts as are given without a gap.
std::string prefix_of(const HolderFilter& filter) {
  std::string prefix;
  for (const auto* part : {&filter.cluster, &filter.group, &filter.kind}) {
    if (!*part) break;
    prefix += **part + '\0';
  }
  return prefix;
}

}  // namespace

bool matches(const HolderFilter& filter, const Scope& scope) {
  const auto fits = [](const std::optional<std::string>& wanted, const std::string& found) {
    return !wanted || *wanted == found;
  };
  return fits(filter.cluster, scope.cluster) && fits(filter.group, scope.group) &&
         fits(filter.kind, scope.kind);
}

Result<Page<HolderView>> Holds::list(const HolderFilter& filter, const std::optional<Holder>& last,
                                     std::size_t limit) {
  const std::string prefix = prefix_of(filter);
  std::string after = last ? keys::holder(*last) : "";
  Page<HolderView> page;
  for (;;) {
    LAMINA_ASSIGN(const auto records, context_.meta.scan(Table::kHolds, prefix, after, kScanRecords));
    for (const auto& stored : records) {
      after = stored.key;
      LAMINA_ASSIGN(Holder holder, keys::parse_holder(stored.key));
      if (!matches(filter, holder.scope)) continue;
      if (page.entries.size() == limit) {
        page.more = true;
        return page;
      }
      LAMINA_ASSIGN(HolderRecord record, decode<HolderRecord>(stored.value));
      page.entries.push_back({std::move(holder), std::move(record)});
    }
    if (records.size() < kScanRecords) return page;
  }
}

Result<Page<HolderView>> Holds::of(const HeldManifest& held, const std::optional<Holder>& last,
                                   std::size_t limit) {
  const std::string prefix = keys::in(held.repository, held.digest);
  LAMINA_ASSIGN(const auto manifest, context_.meta.get(Table::kManifests, prefix));
  if (!manifest) {
    return fail(Code::kNotFound, About::kManifest,
                "repository " + held.repository.str() + " has no manifest " + held.digest.to_string());
  }
  LAMINA_ASSIGN(const auto holds,
                context_.meta.scan(Table::kHeld, prefix, last ? prefix + keys::holder(*last) : "", limit + 1,
                                   Include::kKeys));
  Page<HolderView> page;
  page.more = holds.size() > limit;
  for (const auto& hold : std::span(holds).first(std::min(holds.size(), limit))) {
    const std::string key = hold.key.substr(prefix.size());
    LAMINA_ASSIGN(Holder holder, keys::parse_holder(key));
    LAMINA_ASSIGN(auto record, read_record<HolderRecord>(context_, Table::kHolds, key, decode<HolderRecord>));
    if (record) page.entries.push_back({std::move(holder), *std::move(record)});
  }
  return page;
}

Result<Holds::OrphanPage> Holds::orphans(const std::optional<HeldManifest>& last, std::size_t limit,
                                         const std::function<bool(const RepositoryName&)>& readable) {
  OrphanPage page;
  std::string after = last ? keys::in(last->repository, last->digest) : "";
  for (std::size_t seen = 0;;) {
    LAMINA_ASSIGN(const auto records, context_.meta.scan(Table::kManifests, {}, after, kManifestsAtOnce));
    for (const auto& stored : records) {
      if (seen++ == kManifestsOfPage || page.entries.size() == limit) {
        LAMINA_ASSIGN(auto place, keys::parse_member(after));
        page.next = HeldManifest{std::move(place.repository), place.digest};
        return page;
      }
      after = stored.key;
      LAMINA_ASSIGN(auto member, keys::parse_member(stored.key));
      LAMINA_ASSIGN(const auto manifest, decode<ManifestRecord>(stored.value));
      if (manifest.expires == UnixTime{} || !readable(member.repository)) continue;
      LAMINA_ASSIGN(const auto hold, find_hold(context_, member.repository, member.digest));
      if (hold) continue;
      LAMINA_ASSIGN(auto owner,
                    read_record<OwnerRecord>(context_, Table::kOwners, stored.key, decode<OwnerRecord>));
      LAMINA_ASSIGN(const auto tags, context_.meta.scan(Table::kTagsOf, stored.key, stored.key, kTagsOfOrphan,
                                                        Include::kKeys));
      Orphan& orphan = page.entries.emplace_back(Orphan{.repository = std::move(member.repository),
                                                        .digest = member.digest,
                                                        .tags = {},
                                                        .owner = std::move(owner),
                                                        .published = manifest.pushed,
                                                        .expires = manifest.expires});
      for (const auto& tag : tags) orphan.tags.push_back(tag.key.substr(stored.key.size()));
    }
    if (records.size() < kManifestsAtOnce) return page;
  }
}

Result<void> Holds::each_owner(
    const HolderFilter& filter,
    const std::function<Result<void>(meta::Batch&, OwnerRecord, const HeldManifest&, UnixTime)>& change) {
  for (std::string after;;) {
    LAMINA_ASSIGN(const auto page,
                  context_.meta.scan(Table::kOwners, {}, after, kScanRecords, Include::kKeys));
    for (const auto& entry : page) {
      after = entry.key;
      LAMINA_ASSIGN(const auto member, keys::parse_member(entry.key));
      LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
        meta::Batch batch;
        LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kOwners, entry.key));
        if (!stored) return batch;
        LAMINA_ASSIGN(auto owner, decode<OwnerRecord>(*stored));
        if (!matches(filter, owner.owner.scope)) return batch;
        LAMINA_ASSIGN(const auto manifest, context_.meta.get(Table::kManifests, entry.key));
        if (!manifest) return batch;
        LAMINA_ASSIGN(const auto record, decode<ManifestRecord>(*manifest));
        require_unchanged(batch, Table::kOwners, entry.key, stored);
        require_unchanged(batch, Table::kManifests, entry.key, manifest);
        LAMINA_TRY(change(batch, std::move(owner), {member.repository, member.digest}, record.expires));
        return batch;
      }));
    }
    if (page.size() < kScanRecords) return {};
  }
}

Result<std::uint64_t> Holds::adopt(const std::string& from, const std::string& to) {
  LAMINA_TRY(validate(Scope{from, {}, "any"}));
  LAMINA_TRY(validate(Scope{to, {}, "any"}));
  if (from == to) return fail(Code::kInvalid, "adopt: expected two clusters, found one, " + from);
  const HolderFilter filter{.cluster = from, .group = {}, .kind = {}};
  std::uint64_t adopted = 0;
  for (std::size_t moved = kObjectsAtOnce; moved == kObjectsAtOnce; adopted += moved) {
    LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
      meta::Batch batch;
      LAMINA_ASSIGN(const auto objects,
                    context_.meta.scan(Table::kHolds, prefix_of(filter), {}, kObjectsAtOnce));
      moved = objects.size();
      for (const auto& object : objects) {
        LAMINA_ASSIGN(const HolderRecord record, decode<HolderRecord>(object.value));
        require_unchanged(batch, Table::kHolds, object.key, object.value);
        erase_record(batch, Table::kHolds, object.key);
        LAMINA_ASSIGN(Holder holder, keys::parse_holder(object.key));
        holder.scope.cluster = to;
        const std::string key = keys::holder(holder);
        LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kHolds, key));
        require_unchanged(batch, Table::kHolds, key, stored);
        HolderRecord merged = record;
        if (stored) {
          LAMINA_ASSIGN(merged, decode<HolderRecord>(*stored));
          std::vector<HeldManifest> all;
          std::ranges::set_union(merged.holds, record.holds, std::back_inserter(all));
          merged.holds = std::move(all);
        }
        merged.changed = context_.clock.now();
        set_record(batch, Table::kHolds, key, encode(merged));
        for (const HeldManifest& manifest : record.holds) {
          erase_record(batch, Table::kHeld, keys::held(manifest, object.key));
          set_record(batch, Table::kHeld, keys::held(manifest, key), {});
        }
      }
      return batch;
    }));
  }
  LAMINA_TRY(each_owner(
      filter, [&](meta::Batch& batch, OwnerRecord owner, const HeldManifest& manifest, UnixTime expires) {
        owner.owner.scope.cluster = to;
        set_record(batch, Table::kOwners, keys::in(manifest.repository, manifest.digest), encode(owner));
        note_expiry(batch, manifest.repository, manifest.digest, expires, owner);
        return Result<void>();
      }));
  return adopted;
}

Result<std::uint64_t> Holds::release(const HolderFilter& filter) {
  if (!filter.cluster) return fail(Code::kInvalid, "release: expected the UID of a cluster, found none");
  std::uint64_t released = 0;
  for (std::string after;;) {
    LAMINA_ASSIGN(const auto objects, context_.meta.scan(Table::kHolds, prefix_of(filter), after,
                                                         kObjectsAtOnce, Include::kKeys));
    Step step;
    LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
      step = {};
      meta::Batch batch;
      for (const auto& object : objects) {
        LAMINA_ASSIGN(const Holder holder, keys::parse_holder(object.key));
        if (matches(filter, holder.scope)) LAMINA_TRY(change(batch, {object.key, {}, {}}, step));
      }
      LAMINA_TRY(finish(batch, step));
      return batch;
    }));
    released += step.pairs_released();
    if (objects.size() < kObjectsAtOnce) break;
    after = objects.back().key;
  }
  LAMINA_TRY(each_owner(
      filter, [&](meta::Batch& batch, OwnerRecord owner, const HeldManifest& manifest, UnixTime expires) {
        if (owner.released) return Result<void>();
        owner.released = true;
        set_record(batch, Table::kOwners, keys::in(manifest.repository, manifest.digest), encode(owner));
        note_expiry(batch, manifest.repository, manifest.digest, expires, owner);
        return Result<void>();
      }));
  return released;
}

}  // namespace lamina::store
