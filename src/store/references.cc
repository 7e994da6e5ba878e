// SPDX-License-Identifier: Apache-2.0
#include "store/references.h"

#include <algorithm>

#include "lamina/identity.h"
#include "store/keys.h"

namespace lamina::store {

using meta::Table;

std::vector<Descriptor> named_content(const Manifest& content) {
  std::vector<Descriptor> named;
  const auto add = [&named](const Descriptor& descriptor) { named.push_back(descriptor); };
  if (content.config) add(*content.config);
  for (const auto& layer : content.layers) {
    if (layer.urls.empty() && !is_non_distributable(layer.media_type)) add(layer);
  }
  for (const auto& child : content.manifests) add(child);
  const auto digest_and_size = [](const Descriptor& each) { return std::pair(each.digest, each.size); };
  std::ranges::stable_sort(named, {}, digest_and_size);
  const auto repeated = std::ranges::unique(named, {}, digest_and_size);
  named.erase(repeated.begin(), repeated.end());
  return named;
}

std::vector<DerivedRecord> derived_records(const RepositoryName& repository, const Digest& digest,
                                           std::string_view media_type, std::uint64_t size,
                                           const Manifest& content) {
  std::vector<DerivedRecord> records;
  for (const Descriptor& named : named_content(content)) {
    records.push_back({Table::kEdges, keys::edge(named.digest, repository, digest), {}});
  }
  if (content.subject) {
    const Digest& subject = content.subject->digest;
    const std::string type = content.effective_artifact_type();
    // What the referrers API lists.
    const std::string descriptor = serialize(Descriptor{.media_type = std::string(media_type),
                                                        .digest = digest,
                                                        .size = size,
                                                        .annotations = content.annotations,
                                                        .artifact_type = type},
                                             FieldOrder::kOras);
    records.push_back({Table::kReferrers, keys::referrer(repository, subject, {}, digest), descriptor});
    if (!type.empty()) {
      records.push_back({Table::kReferrers, keys::referrer(repository, subject, type, digest), descriptor});
    }
  }
  const auto annotation = content.annotations.find(kIdentityAnnotation);
  if (annotation == content.annotations.end()) return records;
  // An annotation that is no identity is some other tool's: it is stored, and not found by its parts.
  if (const auto identity = parse_identity(annotation->second)) {
    for (const auto& [name, value] : *identity) {
      records.push_back({Table::kIdentities, keys::identity(name, value, repository, digest), {}});
    }
  }
  return records;
}

}  // namespace lamina::store
