// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "kube/object.h"
#include "kube/watch.h"

namespace lamina::kube {

/// What happened to a key. The object itself is read from the cache: between the event and the look there may
/// have been others.
enum class ChangeKind : std::uint8_t { kAdded, kModified, kDeleted };

struct Change {
  ChangeKind kind = ChangeKind::kAdded;
  std::shared_ptr<const Object> before;  ///< What the cache held; null for kAdded.
  std::shared_ptr<const Object> now;     ///< For kDeleted the last state.
};

/// The objects of one type as a Watcher tells of them, and what changes. A list is compared with what is
/// known, so that of it only the differences are changes. An object that was made anew under its old name
/// (another UID) is kDeleted, then kAdded. Not thread-safe.
class ObjectCache final : public ObjectSink {
 public:
  using Pointer = std::shared_ptr<const Object>;
  /// Gives the JSON that is to be kept of an object; null: all of it.
  using Keep = std::function<std::string(const Object&)>;

  explicit ObjectCache(Keep keep = {}) : keep_(std::move(keep)) {}

  void list_begins() override;
  void list_ends() override;
  void present(Object object) override;
  void gone(Object object) override;

  /// Those since the last call, in their order.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

  Pointer find(const ObjectKey& key) const;
  std::vector<Pointer> all() const;
  std::size_t size() const { return entries_.size(); }

 private:
  /// The key is that of the object: one copy of it, in a set instead of a map.
  struct Entry {
    mutable Pointer object;       ///< Only replaced by one with the same key.
    mutable bool listed = false;  ///< Has come since list_begins().
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const ObjectKey& key) const { return ObjectKeyHash{}(key); }
    std::size_t operator()(const Entry& entry) const { return ObjectKeyHash{}(entry.object->key); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.object->key == b.object->key; }
    bool operator()(const ObjectKey& key, const Entry& entry) const { return key == entry.object->key; }
    bool operator()(const Entry& entry, const ObjectKey& key) const { return key == entry.object->key; }
  };

  Pointer compact(Object object) const;

  Keep keep_;
  std::unordered_set<Entry, Hash, Equal> entries_;
  std::vector<Change> changes_;
};

}  // namespace lamina::kube
