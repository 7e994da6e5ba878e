// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "controller/snapshot.h"
#include "kube/object.h"
#include "lamina/client.h"

namespace lamina::controller {

/// Which live Snapshots name which content, so that none is deleted that another one names. Keeps hashes:
/// where two are the same by accident, content stays that could have gone. Thread-safe.
class SnapshotIndex {
 public:
  /// The object as it is now; one that is being deleted names nothing any more.
  void put(const kube::Object& object);
  void erase(const kube::ObjectKey& key);

  /// What a Snapshot says of its content, or said.
  struct Named {
    HeldManifest manifest;
    std::string tag;
    std::string layer;  ///< Digest.
  };
  /// True where another Snapshot than `key` has this manifest, or the same tag or layer in its repository;
  /// the same layer does not count where the other is known to have another manifest.
  bool is_named_by_another(const kube::ObjectKey& key, const Named& content) const;

 private:
  struct Entry {
    std::int64_t generation = 0;
    std::size_t metadata = 0;    ///< Of what else decides: to tell whether the object must be read again.
    std::size_t repository = 0;  ///< Of the spec.
    std::size_t tag = 0;
    std::size_t layer = 0;
    std::size_t held_repository = 0;  ///< Of the manifest that was verified; 0: none.
    std::size_t manifest = 0;
  };
  using Entries = std::unordered_map<kube::ObjectKey, Entry, kube::ObjectKeyHash>;

  void remove(const kube::ObjectKey& key);  ///< With mutex_.

  mutable std::mutex mutex_;
  Entries entries_;  ///< Guarded by mutex_.
  /// By both repositories of an entry. Guarded by mutex_.
  std::unordered_multimap<std::size_t, const Entries::value_type*> by_repository_;
};

}  // namespace lamina::controller
