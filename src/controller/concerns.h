// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lamina/client.h"

namespace lamina::controller {

/// Which items of work a change in the registry concerns. Thread-safe. Holds hashes, not names: an item may
/// be named without need, never missed.
class Concerns {
 public:
  /// What `item` concerns itself with: `of_tag()` and `of_manifest()` names. Adds to what it was before.
  void add(const std::string& item, const std::vector<std::string>& names);
  /// The items that a change concerns, each once. One that is not `alive` any more is forgotten.
  template <class Alive>
  std::vector<std::string> of(const RegistryChange& change, const Alive& alive) {
    std::vector<std::string> items;
    const std::lock_guard lock(mutex_);
    for (auto [at, end] = items_.equal_range(hash_of(change)); at != end;) {
      const bool kept = alive(at->second);
      if (kept) items.push_back(at->second);
      at = kept ? std::next(at) : items_.erase(at);
    }
    return items;
  }

  static std::string of_tag(std::string_view repository, std::string_view tag);
  static std::string of_manifest(std::string_view repository, std::string_view digest);

 private:
  static std::size_t hash_of(const RegistryChange& change);

  std::mutex mutex_;
  std::unordered_multimap<std::size_t, std::string> items_;  ///< Guarded by mutex_.
};

}  // namespace lamina::controller
