// SPDX-License-Identifier: Apache-2.0
#include "store/manifests.h"

#include "store/keys.h"

namespace lamina::store {
namespace {

using meta::Table;

std::unexpected<Error> unknown(const RepositoryName& repository, const TagOrDigest& reference) {
  return fail(Code::kNotFound, About::kManifest,
              "repository " + repository.str() + " has no manifest " + to_string(reference));
}

}  // namespace

Result<StoredManifest> Manifests::get(const RepositoryName& repository, const TagOrDigest& reference) {
  // A tag may move between the two reads, and its manifest be deleted: then the tag is read again.
  for (int round = 0; round < 10; ++round) {
    std::optional<Digest> digest;
    if (const auto* named = std::get_if<Digest>(&reference)) {
      digest = *named;
    } else {
      LAMINA_ASSIGN(const auto tag, read_record<TagRecord>(context_, Table::kTags,
                                                           keys::in(repository, std::get<Tag>(reference)),
                                                           decode<TagRecord>));
      if (!tag) return unknown(repository, reference);
      digest = tag->digest;
    }
    LAMINA_ASSIGN(auto record,
                  read_record<ManifestRecord>(context_, Table::kManifests, keys::in(repository, *digest),
                                              decode<ManifestRecord>));
    if (record) return StoredManifest{*digest, std::move(record->media_type), std::move(record->bytes)};
    if (std::holds_alternative<Digest>(reference)) break;
  }
  return unknown(repository, reference);
}

Result<void> Manifests::count_tags(meta::Batch& batch, const RepositoryName& repository, const Digest& digest,
                                   std::int64_t change) {
  const std::string key = keys::in(repository, digest);
  LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kTagsOf, key));
  TagCountRecord before;
  if (stored) {
    LAMINA_ASSIGN(before, decode<TagCountRecord>(*stored));
  }
  if (change < 0 && before.tags < static_cast<std::uint64_t>(-change)) {
    return fail(Code::kConflict, About::kTag,
                "manifest " + digest.to_string() + " of repository " + repository.str() +
                    " has more tags than are counted; the records are damaged");
  }
  TagCountRecord after{.tags = before.tags + static_cast<std::uint64_t>(change), .untagged = {}};
  // The time from which a rule for untagged manifests counts; pushing it anew starts that over.
  if (after.tags == 0) after.untagged = context_.clock.now();
  require_unchanged(batch, Table::kTagsOf, key, stored);
  set_record(batch, Table::kTagsOf, key, encode(after));
  return {};
}

Result<void> Manifests::untag(const RepositoryName& repository, const Tag& tag) {
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    const std::string key = keys::in(repository, tag);
    LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kTags, key));
    if (!stored) return unknown(repository, tag);
    LAMINA_ASSIGN(const TagRecord record, decode<TagRecord>(*stored));
    meta::Batch batch;
    require_unchanged(batch, Table::kTags, key, stored);
    erase_record(batch, Table::kTags, key);
    erase_record(batch, Table::kTagsOf, keys::tag_of(repository, record.digest, tag));
    LAMINA_TRY(count_tags(batch, repository, record.digest, -1));
    batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kTagRemoved,
                                                .repository = repository.str(),
                                                .tag = tag.str(),
                                                .digest = record.digest}));
    return batch;
  }));
  return {};
}

}  // namespace lamina::store
