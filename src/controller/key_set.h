// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_set>

#include "kube/object.h"

namespace lamina::controller {

/// Remembers objects by a hash of their keys, in little memory: rarely, one counts as another. Thread-safe.
class KeySet {
 public:
  /// False where it was there already.
  bool insert(const kube::ObjectKey& key) {
    const std::lock_guard lock(mutex_);
    return hashes_.insert(kube::ObjectKeyHash{}(key)).second;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    hashes_.clear();
  }
  /// False where it was not there.
  bool erase(const kube::ObjectKey& key) {
    const std::lock_guard lock(mutex_);
    return hashes_.erase(kube::ObjectKeyHash{}(key)) > 0;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::size_t> hashes_;  ///< Guarded by mutex_.
};

}  // namespace lamina::controller
