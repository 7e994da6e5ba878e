// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "store/expiry.h"
#include "store/keys.h"
#include "store/manifests.h"
#include "store/quarantine.h"
#include "store/references.h"

namespace lamina::store {
namespace {

using meta::Table;

std::unexpected<Error> not_held(const RepositoryName& repository, const Descriptor& named,
                                std::string_view why) {
  return fail(Code::kNotFound, About::kManifestBlob,
              "the manifest names " + named.digest.to_string() + " (" + named.media_type +
                  "), which repository " + repository.str() + ' ' + std::string(why));
}

}  // namespace

Result<void> Manifests::require_named(meta::Batch& batch, const RepositoryName& repository,
                                      const Manifest& content, std::span<const StagedBlob> staged) {
  const bool sparse = context_.options.accepts_sparse(repository);
  for (const Descriptor& named : named_content(content)) {
    const std::string key = keys::in(repository, named.digest);
    std::optional<std::uint64_t> size;
    const auto brought = std::ranges::find(staged, named.digest, &StagedBlob::digest);
    if (brought != staged.end()) {
      size = brought->size;
    } else if (content.kind == ManifestKind::kIndex) {
      LAMINA_ASSIGN(const auto child,
                    read_record<ManifestRecord>(context_, Table::kManifests, key, decode<ManifestRecord>));
      if (child) {
        size = child->bytes.size();
        require_present(batch, Table::kManifests, key);
      } else if (is_manifest_type(named.media_type)) {
        // A blob of the same bytes would not be found under manifests/.
        if (sparse) continue;
        return not_held(repository, named, "does not hold as a manifest; push it there first");
      }
    }
    if (!size) {
      LAMINA_ASSIGN(const auto link, context_.meta.get(Table::kLinks, key));
      if (!link) {
        if (sparse) continue;
        return not_held(repository, named, "does not hold; push it there first");
      }
      LAMINA_ASSIGN(const auto record, find_blob(context_, named.digest));
      if (!record || record->quarantined) {
        auto error = not_held(repository, named, "holds damaged; push it again first");
        error.error().detail.emplace_back(kQuarantined);
        return error;
      }
      size = record->size;
      require_present(batch, Table::kLinks, key);
      LAMINA_ASSIGN(const LinkRecord lease, decode<LinkRecord>(*link));
      const UnixTime shorter = context_.clock.now() + context_.options.lease_once_named;
      if (lease.lease > shorter)
        add_link(context_, batch, repository, named.digest, context_.options.lease_once_named);
    }
    if (*size != named.size) {
      return fail(Code::kMismatch, About::kSize,
                  "the manifest states " + std::to_string(named.size) + " bytes for " +
                      named.digest.to_string() + ", which has " + std::to_string(*size));
    }
  }
  return {};
}

Result<bool> Manifests::add_manifest(meta::Batch& batch, const RepositoryName& repository,
                                     const ManifestPut& manifest, std::span<const StagedBlob> staged) {
  const std::string key = keys::in(repository, manifest.digest);
  const UnixTime now = context_.clock.now();
  LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kManifests, key));
  ManifestRecord record{.media_type = manifest.media_type,
                        .bytes = manifest.bytes,
                        .pushed = now,
                        .expires = manifest.ttl ? now + *manifest.ttl : UnixTime{}};
  LAMINA_ASSIGN(const auto stored_owner, context_.meta.get(Table::kOwners, key));
  std::optional<std::string> owner;
  if (manifest.ttl && manifest.owner) owner = encode(*manifest.owner);
  bool repeated = false;
  if (stored) {
    LAMINA_ASSIGN(const ManifestRecord before, decode<ManifestRecord>(*stored));
    record.pushed = before.pushed;
    repeated = !before.condemned && before.media_type == record.media_type;
    if (encode(record) == *stored && owner == stored_owner) {
      require_present(batch, Table::kManifests, key);
      return true;
    }
  }
  LAMINA_TRY(require_named(batch, repository, manifest.content, staged));
  require_unchanged(batch, Table::kManifests, key, stored);
  set_record(batch, Table::kManifests, key, encode(record));
  for (auto& derived : derived_records(repository, manifest.digest, manifest.media_type,
                                       manifest.bytes.size(), manifest.content)) {
    set_record(batch, derived.table, std::move(derived.key), std::move(derived.value));
  }
  if (manifest.ttl) note_expiry(batch, repository, manifest.digest, record.expires, manifest.owner);
  if (owner != stored_owner) {
    require_unchanged(batch, Table::kOwners, key, stored_owner);
    batch.writes.push_back({Table::kOwners, key, owner});
  }
  const std::string of_repository = keys::repository(repository);
  LAMINA_ASSIGN(const auto known, context_.meta.get(Table::kRepositories, of_repository));
  if (known) {
    require_present(batch, Table::kRepositories, of_repository);
  } else {
    set_record(batch, Table::kRepositories, of_repository, encode(RepositoryRecord{now}));
  }
  batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kManifestPut,
                                              .repository = repository.str(),
                                              .tag = {},
                                              .digest = manifest.digest}));
  return repeated;
}

Result<void> Manifests::move_tags(meta::Batch& batch, const RepositoryName& repository,
                                  const ManifestPut& manifest, const TagCondition& condition) {
  std::map<Digest, std::int64_t> changes;
  const bool added = !batch.writes.empty();
  if (added) changes[manifest.digest] = 0;  // A new manifest has a count, if it has no tag.
  for (const Tag& tag : std::set(manifest.tags.begin(), manifest.tags.end())) {
    const std::string key = keys::in(repository, tag);
    LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kTags, key));
    std::optional<TagRecord> before;
    if (stored) {
      LAMINA_ASSIGN(before, decode<TagRecord>(*stored));
    }
    require_unchanged(batch, Table::kTags, key, stored);
    if (condition.absent && before) {
      return fail(Code::kPrecondition, About::kTag,
                  "tag " + tag.str() + " was expected to be absent, and names " + before->digest.to_string());
    }
    if (condition.names && (!before || before->digest != *condition.names)) {
      return fail(Code::kPrecondition, About::kTag,
                  "tag " + tag.str() + " was expected to name " + condition.names->to_string() +
                      (before ? ", and names " + before->digest.to_string() : ", and is absent"));
    }
    if (before && before->digest == manifest.digest) continue;
    if (before) {
      --changes[before->digest];
      erase_record(batch, Table::kTagsOf, keys::tag_of(repository, before->digest, tag));
    }
    ++changes[manifest.digest];
    set_record(batch, Table::kTags, key, encode(TagRecord{manifest.digest, context_.clock.now()}));
    set_record(batch, Table::kTagsOf, keys::tag_of(repository, manifest.digest, tag), {});
    batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kTagSet,
                                                .repository = repository.str(),
                                                .tag = tag.str(),
                                                .digest = manifest.digest}));
  }
  for (const auto& [digest, change] : changes) LAMINA_TRY(count_tags(batch, repository, digest, change));
  return {};
}

Result<bool> Manifests::needless(const RepositoryName& repository, std::span<const StagedBlob> staged) {
  for (const StagedBlob& blob : staged) {
    if (blob.bytes || blob.published || blob.recorded) return false;
    LAMINA_ASSIGN(const auto link, context_.meta.get(Table::kLinks, keys::in(repository, blob.digest)));
    if (!link) return false;
  }
  return true;
}

Result<meta::Batch> Manifests::build_put(const RepositoryName& repository, const ManifestPut& manifest,
                                         std::span<const StagedBlob> staged, bool& repeated) {
  meta::Batch batch;
  LAMINA_ASSIGN(repeated, add_manifest(batch, repository, manifest, staged));
  for (const Tag& tag : manifest.tags) {
    if (!repeated) break;
    LAMINA_ASSIGN(const auto record, read_record<TagRecord>(context_, Table::kTags, keys::in(repository, tag),
                                                            decode<TagRecord>));
    repeated = record && record->digest == manifest.digest;
  }
  // A repeated put whose first answer was lost succeeds, whatever its condition said of the state before.
  LAMINA_TRY(move_tags(batch, repository, manifest, repeated ? TagCondition{} : manifest.condition));
  // What was staged may be new to the repository, or replace damaged bytes.
  LAMINA_ASSIGN(const bool nothing_new, needless(repository, staged));
  if (batch.writes.empty() && nothing_new) return meta::Batch{};
  repeated = repeated && nothing_new;
  for (const StagedBlob& blob : staged) {
    LAMINA_TRY(blobs_.add(batch, repository, blob, context_.options.lease_once_named));
  }
  return batch;
}

Result<PutOutcome> Manifests::put(const RepositoryName& repository, const ManifestPut& manifest,
                                  std::span<const StagedBlob> staged) {
  bool repeated = false;
  bool in_doubt = false;
  const auto committed =
      commit_with(context_, [&] { return build_put(repository, manifest, staged, repeated); }, &in_doubt);
  for (const StagedBlob& blob : staged) {
    if (committed) {
      blobs_.settle(blob);
    } else {
      blobs_.abandon(blob, in_doubt);
    }
  }
  if (!committed) return std::unexpected(committed.error());
  return repeated ? PutOutcome::kUnchanged : PutOutcome::kStored;
}

}  // namespace lamina::store
