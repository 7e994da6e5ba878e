// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "blob/blob_store.h"
#include "lamina/digest.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "store/holder.h"

/// Values of the records. Each begins with a version byte and holds LEB128 numbers and length-prefixed bytes,
/// in the order of the members here; docs/format/records.md has the same table.
namespace lamina::store {

/// kBlobs
struct BlobRecord {
  enum class Place : std::uint8_t {
    kInline = 1,  ///< The bytes are in kInline under `id`.
    kStore = 2,   ///< The bytes are in the BlobStore, their checksums in kChecksums, under `id`.
  };
  std::uint64_t size = 0;
  Place place = Place::kInline;
  blob::BlobId id;
  bool quarantined = false;
  std::uint32_t checksum = 0;  ///< CRC32C of all bytes, where they are inline.
};

/// kLinks
struct LinkRecord {
  UnixTime lease{};  ///< The link needs no manifest until then.
};

/// kManifests
struct ManifestRecord {
  std::string media_type;
  std::string bytes;
  UnixTime pushed{};
  UnixTime expires{};      ///< Epoch: never.
  bool condemned = false;  ///< Deleted, and kept only by the indexes that name it.
};

/// kTags
struct TagRecord {
  Digest digest;
  UnixTime updated{};
};

/// kTagsOf, under the key without a tag, for each stored manifest. Who sets or takes a tag writes it, so that
/// writers of one manifest's tags conflict, and with the removal of the manifest.
struct TagCountRecord {
  std::uint64_t tags = 0;
  UnixTime untagged{};  ///< Since when `tags` is 0; epoch where it is not.
};

/// kRepositories
struct RepositoryRecord {
  UnixTime made{};  ///< With its first manifest.
};

/// kUploads
struct UploadRecord {
  enum class State : std::uint8_t { kOpen = 1, kPublishing = 2 };
  std::string repository;
  Algorithm algorithm = Algorithm::kSha256;
  UnixTime started{};
  State state = State::kOpen;
  std::optional<Digest> digest;  ///< In kPublishing: what the bytes will be published as.
};

/// Payloads of the change log.
struct ChangeRecord {
  enum class Kind : std::uint8_t { kTagSet = 1, kTagRemoved = 2, kManifestPut = 3, kManifestRemoved = 4 };
  Kind kind = Kind::kTagSet;
  std::string repository;
  std::string tag;  ///< Of the tag kinds.
  Digest digest;
};

/// kSystem, under "log": how far the change log was cut, and how old it is where.
struct LogRecord {
  /// Every change up to `sequence` was committed by `when`.
  struct Mark {
    UnixTime when{};
    std::uint64_t sequence = 0;
  };
  std::uint64_t cut = 0;    ///< Changes up to this sequence are no longer kept.
  std::vector<Mark> marks;  ///< Oldest first.
};

/// kHolds
struct HolderRecord {
  std::string uid;
  UnixTime changed{};               ///< When `uid` or `holds` last became another.
  std::vector<HeldManifest> holds;  ///< Stored manifests, ascending, each once; at least one.
};

/// kHoldSyncs
struct SyncRecord {
  std::uint64_t generation = 0;
  UnixTime began{};     ///< The last complete list began then or later; epoch: there was none.
  UnixTime finished{};  ///< When it was taken over; epoch where it was of an earlier generation.
};

/// kOwners
struct OwnerRecord {
  Holder owner;
  std::string uid;
  bool released = false;  ///< The owner held the manifest, and let it go: its expiry waits for no list.
};

std::string encode(const BlobRecord& record);
std::string encode(const LinkRecord& record);
std::string encode(const ManifestRecord& record);
std::string encode(const TagRecord& record);
std::string encode(const TagCountRecord& record);
std::string encode(const RepositoryRecord& record);
std::string encode(const UploadRecord& record);
std::string encode(const ChangeRecord& record);
std::string encode(const LogRecord& record);
std::string encode(const HolderRecord& record);
std::string encode(const SyncRecord& record);
std::string encode(const OwnerRecord& record);
std::string encode_checksums(const std::vector<std::uint32_t>& pieces);

/// Inverse of encode(). kCorrupt where encode() writes no such bytes.
template <class Record>
Result<Record> decode(std::string_view bytes);
template <>
Result<BlobRecord> decode(std::string_view bytes);
template <>
Result<LinkRecord> decode(std::string_view bytes);
template <>
Result<ManifestRecord> decode(std::string_view bytes);
template <>
Result<TagRecord> decode(std::string_view bytes);
template <>
Result<TagCountRecord> decode(std::string_view bytes);
template <>
Result<RepositoryRecord> decode(std::string_view bytes);
template <>
Result<UploadRecord> decode(std::string_view bytes);
template <>
Result<ChangeRecord> decode(std::string_view bytes);
template <>
Result<LogRecord> decode(std::string_view bytes);
template <>
Result<HolderRecord> decode(std::string_view bytes);
template <>
Result<SyncRecord> decode(std::string_view bytes);
template <>
Result<OwnerRecord> decode(std::string_view bytes);
Result<std::vector<std::uint32_t>> decode_checksums(std::string_view bytes);

}  // namespace lamina::store
