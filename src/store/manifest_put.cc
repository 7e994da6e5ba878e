// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lamina/identity.h"
#include "store/keys.h"
#include "store/manifests.h"

namespace lamina::store {
namespace {

using meta::Table;

std::unexpected<Error> not_held(const RepositoryName& repository, const Descriptor& named, std::string_view why) {
  return fail(Code::kNotFound, About::kManifestBlob,
              "the manifest names " + named.digest.to_string() + " (" + named.media_type + "), which repository " +
                  repository.str() + ' ' + std::string(why));
}

/// What the referrers API lists of a manifest; its bytes are the value of the referrer records.
std::string referrer_descriptor(const ManifestPut& manifest) {
  return serialize(Descriptor{.media_type = manifest.media_type,
                              .digest = manifest.digest,
                              .size = manifest.bytes.size(),
                              .annotations = manifest.content.annotations,
                              .artifact_type = manifest.content.effective_artifact_type()},
                   FieldOrder::kOras);
}

}  // namespace

std::vector<Descriptor> named_content(const Manifest& content) {
  std::vector<Descriptor> named;
  const auto add = [&named](const Descriptor& descriptor) {
    if (std::ranges::none_of(named, [&](const auto& other) { return other.digest == descriptor.digest; })) {
      named.push_back(descriptor);
    }
  };
  if (content.config) add(*content.config);
  for (const auto& layer : content.layers) {
    if (layer.urls.empty() && !is_non_distributable(layer.media_type)) add(layer);
  }
  for (const auto& child : content.manifests) add(child);
  return named;
}

Result<void> Manifests::require_named(meta::Batch& batch, const RepositoryName& repository, const Manifest& content,
                                      std::span<const StagedBlob> staged) {
  const bool sparse = context_.options.accepts_sparse(repository);
  for (const Descriptor& named : named_content(content)) {
    const std::string key = keys::in(repository, named.digest);
    std::optional<std::uint64_t> size;
    const auto brought = std::ranges::find(staged, named.digest, &StagedBlob::digest);
    if (brought != staged.end()) {
      size = brought->size;
    } else if (content.kind == ManifestKind::kIndex) {
      LAMINA_ASSIGN(const auto child, read_record<ManifestRecord>(context_, Table::kManifests, key,
                                                                  decode<ManifestRecord>));
      if (child) {
        size = child->bytes.size();
        require_present(batch, Table::kManifests, key);
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
        return not_held(repository, named, "holds damaged (quarantined); push it again first");
      }
      size = record->size;
      require_present(batch, Table::kLinks, key);
      LAMINA_ASSIGN(const LinkRecord lease, decode<LinkRecord>(*link));
      const UnixTime shorter = context_.clock.now() + context_.options.lease_once_named;
      if (lease.lease > shorter) add_link(context_, batch, repository, named.digest, context_.options.lease_once_named);
    }
    if (*size != named.size) {
      return fail(Code::kMismatch, About::kSize,
                  "the manifest states " + std::to_string(named.size) + " bytes for " + named.digest.to_string() +
                      ", which has " + std::to_string(*size));
    }
  }
  return {};
}

Result<bool> Manifests::add_manifest(meta::Batch& batch, const RepositoryName& repository,
                                     const ManifestPut& manifest, std::span<const StagedBlob> staged) {
  const std::string key = keys::in(repository, manifest.digest);
  LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kManifests, key));
  ManifestRecord record{.media_type = manifest.media_type,
                        .bytes = manifest.bytes,
                        .pushed = context_.clock.now(),
                        .expires = manifest.ttl ? context_.clock.now() + *manifest.ttl : UnixTime{}};
  if (stored) {
    LAMINA_ASSIGN(const ManifestRecord before, decode<ManifestRecord>(*stored));
    record.pushed = before.pushed;
    if (encode(record) == *stored) {
      require_present(batch, Table::kManifests, key);
      return true;
    }
  }
  LAMINA_TRY(require_named(batch, repository, manifest.content, staged));
  require_unchanged(batch, Table::kManifests, key, stored);
  set_record(batch, Table::kManifests, key, encode(record));
  for (const Descriptor& named : named_content(manifest.content)) {
    set_record(batch, Table::kEdges, keys::edge(named.digest, repository, manifest.digest), {});
  }
  if (manifest.content.subject) {
    const std::string descriptor = referrer_descriptor(manifest);
    const Digest& subject = manifest.content.subject->digest;
    set_record(batch, Table::kReferrers, keys::referrer(repository, subject, {}, manifest.digest), descriptor);
    const std::string type = manifest.content.effective_artifact_type();
    if (!type.empty()) {
      set_record(batch, Table::kReferrers, keys::referrer(repository, subject, type, manifest.digest), descriptor);
    }
  }
  const auto identity = manifest.content.annotations.find(kIdentityAnnotation);
  if (identity != manifest.content.annotations.end()) {
    // An annotation that is no identity is some other tool's: it is stored, and not found by its parts.
    if (const auto parts = parse_identity(identity->second)) {
      for (const auto& [name, value] : *parts) {
        set_record(batch, Table::kIdentities, keys::identity(name, value, repository, manifest.digest), {});
      }
    }
  }
  if (manifest.ttl) {
    set_record(batch, Table::kExpiries, keys::due(record.expires, repository, manifest.digest), {});
  }
  if (manifest.tags.empty() && !stored) {
    set_record(batch, Table::kTagsOf, key, encode(LinkRecord{context_.clock.now()}));
  }

  LAMINA_ASSIGN(const auto known, context_.meta.get(Table::kRepositories, keys::repository(repository)));
  if (known) {
    require_present(batch, Table::kRepositories, keys::repository(repository));
  } else {
    set_record(batch, Table::kRepositories, keys::repository(repository), encode(LinkRecord{context_.clock.now()}));
  }
  batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kManifestPut,
                                              .repository = repository.str(),
                                              .tag = {},
                                              .digest = manifest.digest}));
  return stored.has_value();
}

Result<void> Manifests::move_tag(meta::Batch& batch, const RepositoryName& repository, const Tag& tag,
                                 const ManifestPut& manifest, const TagCondition& condition) {
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
  if (before && before->digest == manifest.digest) return {};
  if (before) LAMINA_TRY(lose_tag(batch, repository, tag, before->digest));
  set_record(batch, Table::kTags, key, encode(TagRecord{manifest.digest, context_.clock.now()}));
  set_record(batch, Table::kTagsOf, keys::tag_of(repository, manifest.digest, tag), {});
  erase_record(batch, Table::kTagsOf, keys::in(repository, manifest.digest));
  batch.changes.push_back(encode(ChangeRecord{.kind = ChangeRecord::Kind::kTagSet,
                                              .repository = repository.str(),
                                              .tag = tag.str(),
                                              .digest = manifest.digest}));
  return {};
}

Result<meta::Batch> Manifests::build_put(const RepositoryName& repository, const ManifestPut& manifest,
                                         std::span<const StagedBlob> staged, bool& repeated) {
  meta::Batch batch;
  LAMINA_ASSIGN(const bool stored, add_manifest(batch, repository, manifest, staged));
  repeated = stored;
  for (const Tag& tag : manifest.tags) {
    if (!repeated) break;
    LAMINA_ASSIGN(const auto record, read_record<TagRecord>(context_, Table::kTags, keys::in(repository, tag),
                                                            decode<TagRecord>));
    repeated = record && record->digest == manifest.digest;
  }
  // A repeated put whose first answer was lost succeeds, whatever its condition said of the state before.
  const TagCondition condition = repeated ? TagCondition{} : manifest.condition;
  for (const Tag& tag : manifest.tags) LAMINA_TRY(move_tag(batch, repository, tag, manifest, condition));
  // Bytes that were staged are not stored yet, or replace damaged ones.
  const bool fresh = std::ranges::any_of(staged, [](const auto& blob) { return blob.bytes || blob.published; });
  if (batch.writes.empty() && !fresh) return meta::Batch{};
  repeated = repeated && !fresh;
  for (const StagedBlob& blob : staged) {
    LAMINA_TRY(blobs_.add(batch, repository, blob, context_.options.lease_once_named));
  }
  return batch;
}

Result<PutOutcome> Manifests::put(const RepositoryName& repository, const ManifestPut& manifest,
                                  std::span<const StagedBlob> staged) {
  bool repeated = false;
  LAMINA_TRY(commit_with(context_, [&] { return build_put(repository, manifest, staged, repeated); }));
  for (const StagedBlob& blob : staged) blobs_.settle(blob);
  return repeated ? PutOutcome::kUnchanged : PutOutcome::kStored;
}

}  // namespace lamina::store
