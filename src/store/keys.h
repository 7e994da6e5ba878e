// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "blob/blob_store.h"
#include "lamina/digest.h"
#include "lamina/reference.h"
#include "meta/meta_store.h"
#include "store/holder.h"

/// Keys of the records. docs/format/records.md has the same table in prose; both change together, with the
/// format version. Repository names and tags never hold a NUL, so NUL ends them; a digest is its algorithm
/// byte and its raw bytes, so its length follows from its first byte.
namespace lamina::store::keys {

/// kSystem
inline constexpr std::string_view kFormat = "format";
inline constexpr std::string_view kEpoch = "epoch";
inline constexpr std::string_view kLog = "log";

/// Of a hash that stands for an artifact type or a part of an identity.
inline constexpr std::size_t kTermBytes = 16;

std::string of(const Digest& digest);

/// kRepositories: repository
std::string repository(const RepositoryName& repository);
/// "<repository> NUL": the prefix of all that a repository has in kManifests, kTags, kTagsOf and kLinks.
std::string in(const RepositoryName& repository);
/// kManifests, kLinks, and kTagsOf for the count of tags: <repository> NUL <digest>
std::string in(const RepositoryName& repository, const Digest& digest);
/// kTags: <repository> NUL <tag>
std::string in(const RepositoryName& repository, const Tag& tag);
/// kTagsOf: <repository> NUL <digest> <tag>
std::string tag_of(const RepositoryName& repository, const Digest& digest, const Tag& tag);
/// kBlobs: <digest>; kChecksums and kInline: <blob id>
std::string blob(const Digest& digest);
/// kLinked: <digest> <repository>
std::string linked(const Digest& digest, const RepositoryName& repository);
/// kEdges: <digest> <repository> NUL <digest of the manifest that names it>; the second form is the prefix of
/// all edges from that repository.
std::string edge(const Digest& named, const RepositoryName& repository, const Digest& manifest);
std::string edges(const Digest& named, const RepositoryName& repository);
/// kReferrers: <repository> NUL <subject> <16 bytes of the type, 0 for all types> <digest of the referrer>
std::string referrers(const RepositoryName& repository, const Digest& subject,
                      std::string_view artifact_type);
std::string referrer(const RepositoryName& repository, const Digest& subject, std::string_view artifact_type,
                     const Digest& referrer);
/// kUploads: <upload id>
std::string upload(const blob::UploadId& upload);
/// kLeases, kExpiries: <be64 unix seconds> <repository> NUL <digest>: look at this link or manifest then, not
/// before.
std::string due(UnixTime when, const RepositoryName& repository, const Digest& digest);
/// The time at the start of such a key.
Result<UnixTime> due_time(std::string_view key);
/// kRemovals: <blob id>
std::string removal(const blob::BlobId& id);
/// kIdentities: <16 bytes of SHA-256 of key NUL value> <repository> NUL <manifest digest>
std::string identity_term(std::string_view key, std::string_view value);
std::string identity(std::string_view key, std::string_view value, const RepositoryName& repository,
                     const Digest& manifest);
/// kHoldSyncs, and the prefix of kHolds and kOwnedExpiries: <cluster> NUL <group> NUL <kind> NUL
std::string scope(const Scope& scope);
/// kHolds: <scope> <namespace> NUL <name>
std::string holder(const Holder& holder);
/// kHeld: <repository> NUL <digest> <key of the holder>; without the holder the prefix, which is also the key
/// of kOwners.
std::string held(const HeldManifest& held, std::string_view holder_key);
/// kOwnedExpiries: <scope> <key of kExpiries>
std::string owned_due(const Scope& scope, UnixTime when, const RepositoryName& repository,
                      const Digest& digest);
Result<Holder> parse_holder(std::string_view key);

/// What a key of `<prefix> <repository> NUL <digest>` holds behind the prefix, and nothing behind that.
struct Member {
  RepositoryName repository;
  Digest digest;
};
Result<Member> parse_member(std::string_view rest);
/// The same at the start of `rest`, which is moved on.
Result<Member> take_member(std::string_view& rest);
/// A digest at the start of `rest`, which is moved on.
Result<Digest> take_digest(std::string_view& rest);

}  // namespace lamina::store::keys
