// SPDX-License-Identifier: Apache-2.0
#include "store/listing.h"

#include <algorithm>

#include "lamina/manifest.h"
#include "store/keys.h"
#include "store/records.h"

namespace lamina::store {
namespace {

using meta::Include;
using meta::Table;

constexpr std::size_t kTagsOfFound = 100;
constexpr std::size_t kScanRecords = 256;

/// The keys behind `prefix`, one page of them.
Result<Page<std::string>> page_of_keys(Context& context, Table table, const std::string& prefix,
                                       std::string_view last, std::size_t limit) {
  LAMINA_ASSIGN(auto records, context.meta.scan(table, prefix, last.empty() ? "" : prefix + std::string(last),
                                                limit + 1, Include::kKeys));
  Page<std::string> page;
  page.more = records.size() > limit;
  records.resize(std::min(records.size(), limit));
  for (auto& record : records) page.entries.push_back(record.key.substr(prefix.size()));
  return page;
}

}  // namespace

Result<Page<std::string>> Listing::repositories(std::string_view last, std::size_t limit) {
  return page_of_keys(context_, Table::kRepositories, {}, last, limit);
}

Result<Page<std::string>> Listing::tags(const RepositoryName& repository, std::string_view last,
                                        std::size_t limit) {
  LAMINA_ASSIGN(const auto known, context_.meta.get(Table::kRepositories, keys::repository(repository)));
  if (!known) {
    return fail(Code::kNotFound, About::kRepository, "repository " + repository.str() + " holds no manifest");
  }
  return page_of_keys(context_, Table::kTags, keys::in(repository), last, limit);
}

Result<Page<Listing::Referrer>> Listing::referrers(const RepositoryName& repository, const Digest& subject,
                                                   std::string_view artifact_type,
                                                   const std::optional<Digest>& last, std::size_t limit) {
  const std::string prefix = keys::referrers(repository, subject, artifact_type);
  LAMINA_ASSIGN(auto records, context_.meta.scan(Table::kReferrers, prefix,
                                                 last ? prefix + keys::of(*last) : "", limit + 1));
  Page<Referrer> page;
  page.more = records.size() > limit;
  records.resize(std::min(records.size(), limit));
  for (auto& record : records) {
    std::string_view rest = std::string_view(record.key).substr(prefix.size());
    LAMINA_ASSIGN(const Digest digest, keys::take_digest(rest));
    page.entries.push_back({digest, std::move(record.value)});
  }
  return page;
}

Result<std::optional<FoundArtifact>> Listing::matching(const RepositoryName& repository,
                                                       const Digest& manifest, const Identity& parts) {
  const std::string key = keys::in(repository, manifest);
  LAMINA_ASSIGN(const auto record,
                read_record<ManifestRecord>(context_, Table::kManifests, key, decode<ManifestRecord>));
  if (!record) return std::nullopt;
  LAMINA_ASSIGN(const Manifest content, parse_manifest(record->bytes, record->media_type));
  const auto annotation = content.annotations.find(kIdentityAnnotation);
  if (annotation == content.annotations.end()) return std::nullopt;
  LAMINA_ASSIGN(Identity identity, parse_identity(annotation->second));
  // The index goes by a hash, so the clear text decides.
  const bool matches = std::ranges::all_of(parts, [&](const auto& part) {
    const auto found = identity.find(part.first);
    return found != identity.end() && found->second == part.second;
  });
  if (!matches) return std::nullopt;

  FoundArtifact artifact{.repository = repository,
                         .manifest = {.media_type = record->media_type,
                                      .digest = manifest,
                                      .size = record->bytes.size(),
                                      .artifact_type = content.artifact_type},
                         .identity = std::move(identity)};
  if (content.kind == ManifestKind::kImage && content.layers.size() == 1)
    artifact.layer = content.layers.front();
  LAMINA_ASSIGN(const auto tags, context_.meta.scan(Table::kTagsOf, key, key, kTagsOfFound, Include::kKeys));
  for (const auto& tag : tags) artifact.tags.push_back(tag.key.substr(key.size()));
  return artifact;
}

Result<Page<FoundArtifact>> Listing::find(const Identity& parts, const std::optional<SearchCursor>& last,
                                          std::size_t limit,
                                          const std::function<bool(const RepositoryName&)>& readable) {
  Page<FoundArtifact> page;
  const auto& [name, value] = *parts.begin();
  const std::string prefix = keys::identity_term(name, value);
  std::string after = last ? prefix + keys::in(last->repository, last->manifest) : "";
  for (;;) {
    LAMINA_ASSIGN(const auto records,
                  context_.meta.scan(Table::kIdentities, prefix, after, kScanRecords, Include::kKeys));
    for (const auto& record : records) {
      after = record.key;
      LAMINA_ASSIGN(const auto member,
                    keys::parse_member(std::string_view(record.key).substr(prefix.size())));
      if (!readable(member.repository)) continue;
      LAMINA_ASSIGN(auto artifact, matching(member.repository, member.digest, parts));
      if (!artifact) continue;
      if (page.entries.size() == limit) {
        page.more = true;
        return page;
      }
      page.entries.push_back(*std::move(artifact));
    }
    if (records.size() < kScanRecords) return page;
  }
}

}  // namespace lamina::store
