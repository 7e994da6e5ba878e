// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
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
  /// With a ttl: the object that will hold the manifest. The expiry waits for a complete list of such
  /// objects.
  std::optional<OwnerRecord> owner{};
};

enum class PutOutcome : std::uint8_t {
  kStored,
  kUnchanged,  ///< The manifest was there and every tag named it; at most its expiry has moved.
};

/// What became of a manifest that was deleted.
enum class Removal : std::uint8_t {
  kRemoved,
  kIndexed,  ///< Its tags are gone; an index names it, and it goes with the last of them.
  kHeld,     ///< Its tags are gone; an object holds it, and it goes with the last hold.
};

enum class HoldsCount : std::uint8_t { kYes, kNo };

/// Manifests, tags and the references that they make. Thread-safe; blocks on the store. All writes are
/// durable on return.
class Manifests {
 public:
  Manifests(Context& context, Blobs& blobs) : context_(context), blobs_(blobs) {}

  /// kNotFound about kManifest.
  Result<StoredManifest> get(const RepositoryName& repository, const TagOrDigest& reference);

  /// Stores a manifest and moves the tags to it, all in one commit. kNotFound about kManifestBlob where it
  /// names what its repository does not hold, kMismatch about kSize where a size is wrong, kPrecondition
  /// where the condition does not hold. `staged` are blobs that this commit brings in, each digest once;
  /// afterwards they are stored, or gone.
  Result<PutOutcome> put(const RepositoryName& repository, const ManifestPut& manifest,
                         std::span<const StagedBlob> staged = {});

  /// Deletes a manifest, its tags and what it refers to. kNotFound about kManifest. Where holds do not count
  /// they are ended.
  Result<Removal> remove(const RepositoryName& repository, const Digest& digest,
                         HoldsCount holds = HoldsCount::kYes);
  /// Deletes the tag alone. kNotFound about kManifest.
  Result<void> untag(const RepositoryName& repository, const Tag& tag);
  /// Deletes manifests whose expiry has passed and that nobody holds; returns how many. Work for a few
  /// milliseconds a call.
  Result<std::size_t> remove_expired();

 private:
  using Wanted = std::function<Result<bool>(const ManifestRecord&)>;
  /// What keeps a manifest that was deleted.
  struct Keeper {
    meta::Table table;
    std::string key;
  };

  Result<meta::Batch> build_put(const RepositoryName& repository, const ManifestPut& manifest,
                                std::span<const StagedBlob> staged, bool& repeated);
  /// True where the manifest was there before as it is now, but for its expiry.
  Result<bool> add_manifest(meta::Batch& batch, const RepositoryName& repository, const ManifestPut& manifest,
                            std::span<const StagedBlob> staged);
  Result<void> move_tags(meta::Batch& batch, const RepositoryName& repository, const ManifestPut& manifest,
                         const TagCondition& condition);
  /// Adds to `batch` that a stored manifest has that many tags more, or less.
  Result<void> count_tags(meta::Batch& batch, const RepositoryName& repository, const Digest& digest,
                          std::int64_t change);
  /// True where all of what `staged` brings is stored and linked.
  Result<bool> needless(const RepositoryName& repository, std::span<const StagedBlob> staged);
  Result<void> require_named(meta::Batch& batch, const RepositoryName& repository, const Manifest& content,
                             std::span<const StagedBlob> staged);
  /// Removes a manifest if its record, at the instant of the commit, is `wanted`, and the condemned children
  /// that only it held. Nothing where there is no such manifest.
  Result<std::optional<Removal>> remove_if(const RepositoryName& repository, const Digest& digest,
                                           const Wanted& wanted, HoldsCount holds = HoldsCount::kYes);
  /// The same without the children, whose descriptors are added to `children`.
  Result<std::optional<Removal>> remove_one(const RepositoryName& repository, const Digest& digest,
                                            const Wanted& wanted, HoldsCount holds,
                                            std::vector<Descriptor>& children);
  Result<std::optional<Keeper>> keeper_of(const RepositoryName& repository, const Digest& digest);
  Result<meta::Batch> build_removal(const RepositoryName& repository, const Digest& digest,
                                    ManifestRecord record, const std::string& stored, const Manifest& content,
                                    const std::optional<Keeper>& keeper, bool& more);
  Result<void> remove_empty_repository(const RepositoryName& repository);

  Context& context_;
  Blobs& blobs_;
};

}  // namespace lamina::store
