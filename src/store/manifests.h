// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lamina/manifest.h"
#include "lamina/reference.h"
#include "store/blobs.h"
#include "store/context.h"
#include "store/records.h"

namespace lamina::store {

/// A manifest as it was pushed.
struct StoredManifest {
  Digest digest;
  std::string media_type;
  std::string bytes;
};

/// What has to hold for every tag of a put, at the instant of the commit.
struct TagCondition {
  bool absent = false;          ///< If-None-Match: *
  std::optional<Digest> names;  ///< If-Match
};

struct ManifestPut {
  Digest digest;           ///< Of `bytes`, checked by the caller.
  std::string media_type;  ///< Under which it is served.
  std::string bytes;
  Manifest content;  ///< parse_manifest() of the bytes.
  std::vector<Tag> tags{};
  TagCondition condition{};
  /// From the commit on; a put without one takes an earlier one away.
  std::optional<std::chrono::seconds> ttl{};
};

enum class PutOutcome : std::uint8_t {
  kStored,
  kUnchanged,  ///< The manifest was there and every tag named it; at most its expiry has moved.
};

/// What became of a manifest that was deleted.
enum class Removal : std::uint8_t {
  kRemoved,
  kHeld,  ///< Its tags are gone; an index names it, and it goes with the last of them.
};

/// Manifests, tags and the references that they make. Thread-safe; blocks on the store. All writes are durable
/// on return.
class Manifests {
 public:
  Manifests(Context& context, Blobs& blobs) : context_(context), blobs_(blobs) {}

  /// kNotFound about kManifest.
  Result<StoredManifest> get(const RepositoryName& repository, const TagOrDigest& reference);

  /// Stores a manifest and moves the tags to it, all in one commit. kNotFound about kManifestBlob where it names
  /// what its repository does not hold, kMismatch about kSize where a size is wrong, kPrecondition where the
  /// condition does not hold. `staged` are blobs that this commit brings in.
  Result<PutOutcome> put(const RepositoryName& repository, const ManifestPut& manifest,
                         std::span<const StagedBlob> staged = {});

  /// Deletes a manifest, its tags and what it refers to. kNotFound about kManifest.
  Result<Removal> remove(const RepositoryName& repository, const Digest& digest);
  /// Deletes the tag alone. kNotFound about kManifest.
  Result<void> untag(const RepositoryName& repository, const Tag& tag);
  /// Deletes manifests whose expiry has passed; returns how many. Work for a few milliseconds a call.
  Result<std::size_t> remove_expired();

 private:
  Result<meta::Batch> build_put(const RepositoryName& repository, const ManifestPut& manifest,
                                std::span<const StagedBlob> staged, bool& repeated);
  /// True where the manifest was there before.
  Result<bool> add_manifest(meta::Batch& batch, const RepositoryName& repository, const ManifestPut& manifest,
                            std::span<const StagedBlob> staged);
  Result<void> move_tag(meta::Batch& batch, const RepositoryName& repository, const Tag& tag,
                        const ManifestPut& manifest, const TagCondition& condition);
  Result<void> lose_tag(meta::Batch& batch, const RepositoryName& repository, const Tag& tag, const Digest& digest);
  Result<void> require_named(meta::Batch& batch, const RepositoryName& repository, const Manifest& content,
                             std::span<const StagedBlob> staged);
  Result<void> remove_unheld_children(const RepositoryName& repository, const Manifest& content);
  Result<void> remove_empty_repository(const RepositoryName& repository);

  Context& context_;
  Blobs& blobs_;
};

/// The digests that a manifest keeps alive: config, layers, children; each once, without foreign layers.
std::vector<Descriptor> named_content(const Manifest& content);

}  // namespace lamina::store
