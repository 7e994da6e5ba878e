// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lamina/result.h"

namespace lamina::meta {

/// Ordered maps from bytes to bytes. The numbers are part of the disk format: never change or reuse one.
/// store/keys.h says what is in each.
enum class Table : std::uint8_t {
  kSystem = 1,
  kRepositories = 2,
  kManifests = 3,
  kTags = 4,
  kTagsOf = 5,
  kBlobs = 6,
  kLinks = 7,
  kLinked = 8,
  kEdges = 9,
  kReferrers = 10,
  kUploads = 11,
  kLeases = 12,
  kRemovals = 13,
  kIdentities = 14,
  kHolds = 15,
  kChecksums = 16,
  kInline = 17,   ///< Small blobs: values up to 64 KiB, kept apart from the records.
  kChanges = 18,  ///< Written by commit() alone; read by changes().
  kExpiries = 19,
  kHeld = 20,
  kHoldSyncs = 21,
  kOwners = 22,
  kOwnedExpiries = 23,
};

struct Precondition {
  enum class Kind : std::uint8_t {
    kAbsent,          ///< There is no such key.
    kPresent,         ///< There is such a key.
    kEquals,          ///< The key has exactly this value.
    kNoneWithPrefix,  ///< No key of the table starts with `key`.
  };
  Kind kind;
  Table table;
  std::string key;
  std::string value = {};  ///< For kEquals.
};

struct Write {
  Table table;
  std::string key;
  std::optional<std::string> value;  ///< Absent: delete the key; success where it is absent already.
};

/// What a commit survives once it has returned.
enum class Durability : std::uint8_t {
  kPowerLoss,     ///< Also everything committed before it.
  kProcessDeath,  ///< After power loss it may be gone, but never a part of it, nor it without what it saw.
};

/// One mutation, whole: applied if all preconditions hold at one instant, else not at all.
struct Batch {
  std::vector<Precondition> preconditions = {};
  std::vector<Write> writes = {};  ///< In order: a later write to a key wins.
  /// Each becomes one record of the change log under the commit's sequence.
  std::vector<std::string> changes = {};
  Durability durability = Durability::kPowerLoss;
};

struct Committed {
  std::uint64_t sequence;  ///< Grows with every commit; gaps are possible.
};
struct Conflict {
  std::size_t precondition;  ///< Index of the first that does not hold.
};
using Outcome = std::variant<Committed, Conflict>;

struct Record {
  std::string key;
  std::string value;  ///< Empty in a scan of keys.
};

struct Change {
  std::uint64_t sequence;
  std::string payload;
};

enum class Include : std::uint8_t { kKeysAndValues, kKeys };

/// Records. Thread-safe; any call may block on a disk or a network. Reads see every commit that returned
/// before they began. Several server processes may share one store, unless a backend says otherwise.
/// Errors: kUnavailable (try again), kNoSpace, kInternal (writes have stopped until a restart), kCorrupt.
class MetaStore {
 public:
  virtual ~MetaStore() = default;

  virtual Result<std::optional<std::string>> get(Table table, std::string_view key) = 0;
  /// Up to `limit` records whose key starts with `prefix` and is greater than `after` (which need not exist;
  /// empty: from the first), ascending by bytes.
  virtual Result<std::vector<Record>> scan(Table table, std::string_view prefix, std::string_view after,
                                           std::size_t limit, Include include = Include::kKeysAndValues) = 0;
  /// The one write verb. Commits are applied one after the other; preconditions see all earlier ones.
  virtual Result<Outcome> commit(Batch batch) = 0;
  /// Changes with a sequence greater than `since`, ascending, whole commits, at least one commit where
  /// there is any and about `limit` records. A reader that saw N never later finds one with a sequence <= N.
  virtual Result<std::vector<Change>> changes(std::uint64_t since, std::size_t limit) = 0;
};

}  // namespace lamina::meta
