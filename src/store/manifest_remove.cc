// SPDX-License-Identifier: Apache-2.0
#include "lamina/identity.h"
#include "store/keys.h"
#include "store/manifests.h"

namespace lamina::store {
namespace {

using meta::Table;

constexpr std::size_t kTagsAtOnce = 10'000;
constexpr std::size_t kExpiredAtOnce = 64;

/// Everything that put() wrote for the manifest beside its record and its tags.
void erase_references(Context& context, meta::Batch& batch, const RepositoryName& repository, const Digest& digest,
                      const Manifest& content) {
  for (const Descriptor& named : named_content(content)) {
    erase_record(batch, Table::kEdges, keys::edge(named.digest, repository, digest));
    set_record(batch, Table::kLeases, keys::due(context.clock.now(), repository, named.digest), {});
  }
  if (content.subject) {
    const Digest& subject = content.subject->digest;
    erase_record(batch, Table::kReferrers, keys::referrer(repository, subject, {}, digest));
    const std::string type = content.effective_artifact_type();
    if (!type.empty()) erase_record(batch, Table::kReferrers, keys::referrer(repository, subject, type, digest));
  }
  const auto annotation = content.annotations.find(kIdentityAnnotation);
  if (annotation == content.annotations.end()) return;
  if (const auto identity = parse_identity(annotation->second)) {
    for (const auto& [name, value] : *identity) {
      erase_record(batch, Table::kIdentities, keys::identity(name, value, repository, digest));
    }
  }
}

}  // namespace

Result<Removal> Manifests::remove(const RepositoryName& repository, const Digest& digest) {
  const std::string key = keys::in(repository, digest);
  Manifest content;
  bool held = false;
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kManifests, key));
    if (!stored) {
      return fail(Code::kNotFound, About::kManifest,
                  "repository " + repository.str() + " has no manifest " + digest.to_string());
    }
    LAMINA_ASSIGN(ManifestRecord record, decode<ManifestRecord>(*stored));
    LAMINA_ASSIGN(content, parse_manifest(record.bytes, record.media_type));
    const std::string parents = keys::edges(digest, repository);
    LAMINA_ASSIGN(const auto parent, context_.meta.scan(Table::kEdges, parents, {}, 1, meta::Include::kKeys));
    held = !parent.empty();

    meta::Batch batch;
    require_unchanged(batch, Table::kManifests, key, stored);
    LAMINA_ASSIGN(const auto tags,
                  context_.meta.scan(Table::kTagsOf, key, {}, kTagsAtOnce, meta::Include::kKeys));
    for (const auto& entry : tags) {
      erase_record(batch, Table::kTagsOf, entry.key);
      const std::string_view name = std::string_view(entry.key).substr(key.size());
      if (name.empty()) continue;
      LAMINA_ASSIGN(const Tag tag, Tag::parse(name));
      LAMINA_ASSIGN(const auto current, context_.meta.get(Table::kTags, keys::in(repository, tag)));
      require_unchanged(batch, Table::kTags, keys::in(repository, tag), current);
      erase_record(batch, Table::kTags, keys::in(repository, tag));
      batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kTagRemoved,
                                                  .repository = repository.str(),
                                                  .tag = tag.str(),
                                                  .digest = digest}));
    }
    if (held) {
      record.condemned = true;
      set_record(batch, Table::kManifests, key, encode(record));
      return batch;
    }
    require_none_with(batch, Table::kEdges, parents);
    erase_record(batch, Table::kManifests, key);
    erase_references(context_, batch, repository, digest, content);
    batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kManifestRemoved,
                                                .repository = repository.str(),
                                                .tag = {},
                                                .digest = digest}));
    return batch;
  }));
  if (held) return Removal::kHeld;
  LAMINA_TRY(remove_unheld_children(repository, content));
  LAMINA_TRY(remove_empty_repository(repository));
  return Removal::kRemoved;
}

Result<void> Manifests::remove_unheld_children(const RepositoryName& repository, const Manifest& content) {
  for (const Descriptor& child : content.manifests) {
    LAMINA_ASSIGN(const auto record,
                  read_record<ManifestRecord>(context_, Table::kManifests, keys::in(repository, child.digest),
                                              decode<ManifestRecord>));
    if (!record || !record->condemned) continue;
    const auto removed = remove(repository, child.digest);
    if (!removed && removed.error().code != Code::kNotFound) return std::unexpected(removed.error());
  }
  return {};
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
  LAMINA_ASSIGN(const auto due, context_.meta.scan(Table::kExpiries, {}, {}, kExpiredAtOnce, meta::Include::kKeys));
  std::size_t removed = 0;
  for (const auto& entry : due) {
    LAMINA_ASSIGN(const auto member, keys::parse_member(std::string_view(entry.key).substr(sizeof(std::uint64_t))));
    if (entry.key >= keys::due(now + std::chrono::seconds(1), member.repository, member.digest)) break;
    LAMINA_ASSIGN(const auto record, read_record<ManifestRecord>(
                                         context_, Table::kManifests,
                                         keys::in(member.repository, member.digest), decode<ManifestRecord>));
    // The entry may be older than a put that moved the expiry or took it away.
    if (record && record->expires != UnixTime{} && record->expires <= now) {
      const auto result = remove(member.repository, member.digest);
      if (!result && result.error().code != Code::kNotFound) return std::unexpected(result.error());
      ++removed;
    }
    meta::Batch batch;
    batch.durability = meta::Durability::kProcessDeath;
    erase_record(batch, Table::kExpiries, entry.key);
    LAMINA_TRY(context_.meta.commit(std::move(batch)));
  }
  return removed;
}

}  // namespace lamina::store
