// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lamina/manifest.h"
#include "lamina/reference.h"
#include "meta/meta_store.h"

namespace lamina::store {

/// The content that a manifest keeps alive: config, layers, children, without foreign layers. Each digest
/// once, or once for each size that is stated for it; by digest.
std::vector<Descriptor> named_content(const Manifest& content);

/// A record that is there exactly as long as the manifest that it follows from.
struct DerivedRecord {
  meta::Table table;
  std::string key;
  std::string value;
};

/// All of a stored manifest: edges to what it names, its entries as a referrer, the parts of its identity. A
/// pure function, so that what put() writes, what remove() erases and what an audit expects cannot differ.
std::vector<DerivedRecord> derived_records(const RepositoryName& repository, const Digest& digest,
                                           std::string_view media_type, std::uint64_t size,
                                           const Manifest& content);

}  // namespace lamina::store
