// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/expiry.h"
#include "store/keys.h"
#include "store/manifests.h"
#include "store/references.h"

namespace lamina::store {
namespace {

using meta::Table;

constexpr std::size_t kTagsAtOnce = 10'000;
constexpr std::size_t kExpiredAtOnce = 64;

}  // namespace

Result<Removal> Manifests::remove(const RepositoryName& repository, const Digest& digest, HoldsCount holds) {
  LAMINA_ASSIGN(
      const auto removal,
      remove_if(repository, digest, [](const ManifestRecord&) -> Result<bool> { return true; }, holds));
  if (removal) return *removal;
  return fail(Code::kNotFound, About::kManifest,
              "repository " + repository.str() + " has no manifest " + digest.to_string());
}

Result<std::optional<Removal>> Manifests::remove_if(const RepositoryName& repository, const Digest& digest,
                                                    const Wanted& wanted, HoldsCount holds) {
  std::vector<Descriptor> children;
  LAMINA_ASSIGN(const auto removal, remove_one(repository, digest, wanted, holds, children));
  const auto condemned = [](const ManifestRecord& record) -> Result<bool> { return record.condemned; };
  // A list, not a recursion: a client decides how deep indexes are nested.
  while (!children.empty()) {
    const Digest child = children.back().digest;
    children.pop_back();
    LAMINA_TRY(remove_one(repository, child, condemned, HoldsCount::kYes, children));
  }
  if (removal == Removal::kRemoved) LAMINA_TRY(remove_empty_repository(repository));
  return removal;
}

Result<std::optional<Removal>> Manifests::remove_one(const RepositoryName& repository, const Digest& digest,
                                                     const Wanted& wanted, HoldsCount holds,
                                                     std::vector<Descriptor>& children) {
  const std::string key = keys::in(repository, digest);
  std::optional<Removal> removal;
  bool more = false;
  do {
    Manifest content;
    LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
      removal.reset();
      more = false;
      LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kManifests, key));
      if (!stored) return meta::Batch{};
      LAMINA_ASSIGN(ManifestRecord record, decode<ManifestRecord>(*stored));
      LAMINA_ASSIGN(const bool is_wanted, wanted(record));
      if (!is_wanted) return meta::Batch{};
      LAMINA_ASSIGN(content, parse_manifest(record.bytes, record.media_type));
      LAMINA_ASSIGN(const auto keeper, keeper_of(repository, digest));
      if (keeper && keeper->table == Table::kHeld && holds == HoldsCount::kNo) {
        meta::Batch batch;
        more = true;
        LAMINA_TRY(drop_holds(context_, batch, {repository, digest}));
        return batch;
      }
      removal = !keeper                          ? Removal::kRemoved
                : keeper->table == Table::kEdges ? Removal::kIndexed
                                                 : Removal::kHeld;
      return build_removal(repository, digest, std::move(record), *stored, content, keeper, more);
    }));
    if (removal == Removal::kRemoved && !more) {
      children.insert(children.end(), content.manifests.begin(), content.manifests.end());
    }
  } while (more);
  return removal;
}

Result<std::optional<Manifests::Keeper>> Manifests::keeper_of(const RepositoryName& repository,
                                                              const Digest& digest) {
  LAMINA_ASSIGN(auto edges, context_.meta.scan(Table::kEdges, keys::edges(digest, repository), {}, 1,
                                               meta::Include::kKeys));
  if (!edges.empty()) return Keeper{Table::kEdges, std::move(edges.front().key)};
  LAMINA_ASSIGN(auto hold, find_hold(context_, repository, digest));
  if (hold) return Keeper{Table::kHeld, *std::move(hold)};
  return std::nullopt;
}

Result<meta::Batch> Manifests::build_removal(const RepositoryName& repository, const Digest& digest,
                                             ManifestRecord record, const std::string& stored,
                                             const Manifest& content, const std::optional<Keeper>& keeper,
                                             bool& more) {
  const std::string key = keys::in(repository, digest);
  meta::Batch batch;
  require_unchanged(batch, Table::kManifests, key, stored);
  LAMINA_ASSIGN(const auto count, context_.meta.get(Table::kTagsOf, key));
  LAMINA_ASSIGN(const auto tags,
                context_.meta.scan(Table::kTagsOf, key, key, kTagsAtOnce + 1, meta::Include::kKeys));
  more = tags.size() > kTagsAtOnce;
  const std::size_t taken = std::min(tags.size(), kTagsAtOnce);
  for (const auto& entry : std::span(tags).first(taken)) {
    erase_record(batch, Table::kTagsOf, entry.key);
    LAMINA_ASSIGN(const Tag tag, Tag::parse(std::string_view(entry.key).substr(key.size())));
    erase_record(batch, Table::kTags, keys::in(repository, tag));
    batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kTagRemoved,
                                                .repository = repository.str(),
                                                .tag = tag.str(),
                                                .digest = digest}));
  }
  if (more || keeper) {
    if (taken > 0) {
      LAMINA_TRY(count_tags(batch, repository, digest, -static_cast<std::int64_t>(taken)));
    } else {
      require_unchanged(batch, Table::kTagsOf, key, count);
    }
    if (more || record.condemned) return batch;
    // Whoever takes away the last of what keeps it looks for what is condemned by then.
    require_present(batch, keeper->table, keeper->key);
    record.condemned = true;
    set_record(batch, Table::kManifests, key, encode(record));
    return batch;
  }
  // A tag that another writer sets meanwhile changes the count, an index that it puts makes an edge, an
  // object that it lets hold the manifest a hold.
  require_unchanged(batch, Table::kTagsOf, key, count);
  require_none_with(batch, Table::kEdges, keys::edges(digest, repository));
  require_none_with(batch, Table::kHeld, key);
  erase_record(batch, Table::kOwners, key);
  erase_record(batch, Table::kTagsOf, key);
  erase_record(batch, Table::kManifests, key);
  for (auto& derived : derived_records(repository, digest, record.media_type, record.bytes.size(), content)) {
    erase_record(batch, derived.table, std::move(derived.key));
  }
  for (const Descriptor& named : named_content(content)) {
    set_record(batch, Table::kLeases, keys::due(context_.clock.now(), repository, named.digest), {});
  }
  batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kManifestRemoved,
                                              .repository = repository.str(),
                                              .tag = {},
                                              .digest = digest}));
  return batch;
}

Result<void> Manifests::remove_empty_repository(const RepositoryName& repository) {
  meta::Batch batch;
  batch.durability = meta::Durability::kProcessDeath;
  require_none_with(batch, Table::kManifests, keys::in(repository));
  erase_record(batch, Table::kRepositories, keys::repository(repository));
  // A conflict means that it is not empty.
  LAMINA_TRY(context_.meta.commit(std::move(batch)));
  return {};
}

Result<std::size_t> Manifests::remove_expired() {
  const UnixTime now = context_.clock.now();
  LAMINA_ASSIGN(const auto due,
                context_.meta.scan(Table::kExpiries, {}, {}, kExpiredAtOnce, meta::Include::kKeys));
  std::size_t removed = 0;
  for (const auto& entry : due) {
    LAMINA_ASSIGN(const auto member,
                  keys::parse_member(std::string_view(entry.key).substr(sizeof(std::uint64_t))));
    if (entry.key >= keys::due(now + std::chrono::seconds(1), member.repository, member.digest)) break;
    // The entry may be older than a put that moved the expiry or took it away.
    std::optional<std::string> hold;
    const auto expired = [&](const ManifestRecord& record) -> Result<bool> {
      LAMINA_ASSIGN(hold, find_hold(context_, member.repository, member.digest));
      if (hold) return false;
      if (record.condemned) return true;
      if (record.expires == UnixTime{} || record.expires > now) return false;
      return owner_lets_go(context_, member.repository, member.digest, record.expires);
    };
    LAMINA_ASSIGN(const auto removal, remove_if(member.repository, member.digest, expired));
    if (removal) ++removed;
    meta::Batch batch;
    batch.durability = meta::Durability::kProcessDeath;
    // The end of a hold makes an entry, which may have the key of this one.
    if (hold) require_present(batch, Table::kHeld, *hold);
    erase_record(batch, Table::kExpiries, entry.key);
    LAMINA_TRY(context_.meta.commit(std::move(batch)));
  }
  return removed;
}

}  // namespace lamina::store
