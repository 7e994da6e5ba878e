// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "store/context.h"
#include "store/listing.h"
#include "store/records.h"

namespace lamina::store {

/// What objects of one scope hold from now on.
struct HoldsUpdate {
  struct Entry {
    std::string namespace_name, name, uid;
    std::vector<HeldManifest> holds;  ///< All that the object holds; empty: nothing any more.
  };
  Scope scope;
  std::uint64_t generation = 0;  ///< Of the leader that says so; only grows.
  std::vector<Entry> holders;    ///< Each object once.
  bool complete = false;         ///< The scope has no other objects.
  /// How long ago the list of a complete update was begun, where the caller knows.
  std::optional<std::chrono::seconds> listed_ago;
};

struct HoldsOutcome {
  std::uint64_t held = 0;             ///< Pairs of object and manifest that are new.
  std::uint64_t released = 0;         ///< Pairs that are no more.
  std::uint64_t in_doubt = 0;         ///< Objects that a complete update left out and that keep their holds.
  std::vector<HeldManifest> missing;  ///< Not held, as they are not stored. Ascending.
};

/// Which objects; what is absent is any.
struct HolderFilter {
  std::optional<std::string> cluster, group, kind;
};
bool matches(const HolderFilter& filter, const Scope& scope);

struct HolderView {
  Holder holder;
  HolderRecord record;
};

/// A manifest that will expire unless somebody holds it.
struct Orphan {
  RepositoryName repository;
  Digest digest;
  std::vector<std::string> tags;  ///< At most 100.
  std::optional<OwnerRecord> owner;
  UnixTime published{};
  UnixTime expires{};
};

/// Which manifests objects in clusters hold. Thread-safe; blocks on the store. A hold ends only by its
/// object's or an operator's word, never by time. Writes are durable on return.
class Holds {
 public:
  explicit Holds(Context& context) : context_(context) {}

  /// Replaces what the given objects hold; of a complete update, all others of the scope hold nothing
  /// afterwards, unless more than a tenth and more than twenty would: then they keep their holds. What was
  /// the same before is not written. Not atomic over many objects; a repetition completes it. kConflict where
  /// a later generation has spoken, kInvalid for what is malformed.
  Result<HoldsOutcome> set(const HoldsUpdate& update);

  /// Makes the objects of one cluster those of another; returns how many. An object of the same kind and name
  /// there holds what both held. Owners of manifests move too.
  Result<std::uint64_t> adopt(const std::string& from, const std::string& to);
  /// Releases all that the matching objects hold, and lets what they own expire without them. `cluster` must
  /// be set. Returns the pairs released.
  Result<std::uint64_t> release(const HolderFilter& filter);

  /// Objects and what they hold, in the order of their keys, after `last`.
  Result<Page<HolderView>> list(const HolderFilter& filter, const std::optional<Holder>& last,
                                std::size_t limit);
  /// The objects that hold one manifest. kNotFound about kManifest.
  Result<Page<HolderView>> of(const HeldManifest& held, const std::optional<Holder>& last, std::size_t limit);
  /// Manifests with an expiry that nobody holds, in the order of repository and digest. Looks at some
  /// thousand manifests a call: a page may have fewer entries than `limit`, or none, and more follow.
  /// `next` is the place to go on from.
  struct OrphanPage {
    std::vector<Orphan> entries;
    std::optional<HeldManifest> next;
  };
  Result<OrphanPage> orphans(const std::optional<HeldManifest>& last, std::size_t limit,
                             const std::function<bool(const RepositoryName&)>& readable);

 private:
  using Wanted = std::map<std::string, HolderRecord>;  ///< By the key of the object.
  struct Item {
    std::string key;
    HolderRecord wanted;
    std::optional<std::string> only_if;  ///< Leave the object alone unless this is its record.
  };
  struct Difference;
  /// What one commit is about to do.
  struct Step {
    std::uint64_t held = 0;
    std::set<HeldManifest> missing;
    std::map<HeldManifest, std::set<std::string>> released;  ///< With the keys of the objects.

    std::uint64_t pairs_released() const;
  };

  static Result<Wanted> wanted_of(const HoldsUpdate& update);
  /// What a whole scope holds, against what `wanted` says.
  Result<Difference> compare(const HoldsUpdate& update, Wanted wanted);
  /// Adds to `batch` that the generation speaks for the scope; false where a later one does.
  Result<bool> require_leader(meta::Batch& batch, const Scope& scope, std::uint64_t generation);
  /// One commit for some hundred items each; the first also where there are none.
  Result<void> replace(const HoldsUpdate& update, std::span<const Item> work, HoldsOutcome& outcome);
  Result<void> change(meta::Batch& batch, const Item& item, Step& step);
  Result<void> finish(meta::Batch& batch, const Step& step);
  Result<void> note_sync(const HoldsUpdate& update);
  /// One commit for each manifest whose owner matches; `change` adds to it.
  Result<void> each_owner(
      const HolderFilter& filter,
      const std::function<Result<void>(meta::Batch& batch, OwnerRecord owner, const HeldManifest& manifest,
                                       UnixTime expires)>& change);
  /// Hands what expired before to the collector.
  Result<void> wake_owned(const Scope& scope, UnixTime before);

  Context& context_;
};

}  // namespace lamina::store
