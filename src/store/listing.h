// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/descriptor.h"
#include "lamina/identity.h"
#include "lamina/reference.h"
#include "store/context.h"

namespace lamina::store {

/// One page of a list. `more` is set where entries follow; a caller goes on after the last entry.
template <class Entry>
struct Page {
  std::vector<Entry> entries;
  bool more = false;
};

/// An artifact that was found by its identity.
struct FoundArtifact {
  RepositoryName repository;
  Descriptor manifest;
  Identity identity;
  std::vector<std::string> tags;
  std::optional<Descriptor> layer;  ///< Where the manifest is an image with exactly one.
};

/// A place in a search: the last artifact of the page before.
struct SearchCursor {
  RepositoryName repository;
  Digest manifest;
};

/// Lists, each in the order of its key's bytes, each page a range scan. Thread-safe; blocks on the store.
class Listing {
 public:
  explicit Listing(Context& context) : context_(context) {}

  /// Repositories that hold a manifest, after `last`.
  Result<Page<std::string>> repositories(std::string_view last, std::size_t limit);
  /// kNotFound about kRepository where the repository holds no manifest.
  Result<Page<std::string>> tags(const RepositoryName& repository, std::string_view last, std::size_t limit);
  /// Descriptors, as JSON, of the manifests with this subject; empty type: of all. `last` is the digest of a
  /// referrer.
  struct Referrer {
    Digest digest;
    std::string descriptor;
  };
  Result<Page<Referrer>> referrers(const RepositoryName& repository, const Digest& subject,
                                   std::string_view artifact_type, const std::optional<Digest>& last,
                                   std::size_t limit);
  /// Artifacts whose identity holds every pair of `parts`, which has at least one.
  Result<Page<FoundArtifact>> find(const Identity& parts, const std::optional<SearchCursor>& last,
                                   std::size_t limit,
                                   const std::function<bool(const RepositoryName&)>& readable);

 private:
  Result<std::optional<FoundArtifact>> matching(const RepositoryName& repository, const Digest& manifest,
                                                const Identity& parts);
  Context& context_;
};

}  // namespace lamina::store
