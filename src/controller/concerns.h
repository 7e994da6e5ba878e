// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
  /// How many changes of() was asked about so far.
  std::uint64_t changes() const;
  /// What `item` concerns itself with: `of_tag()` and `of_manifest()` names. Adds to what it was before. True
  /// where one that is new may have changed since changes() was `seen`, which of() could not tell then.
  bool add(const std::string& item, const std::vector<std::string>& names, std::uint64_t seen);
  /// The items that a change concerns, each once. One that is not `alive` any more is forgotten.
  template <class Alive>
  std::vector<std::string> of(const RegistryChange& change, const Alive& alive) {
    std::vector<std::string> items;
    const std::size_t hash = hash_of(change);
    const std::lock_guard lock(mutex_);
    recent_[changes_++ % recent_.size()] = hash;
    for (auto [at, end] = items_.equal_range(hash); at != end;) {
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
  bool changed_since(std::uint64_t seen, std::size_t hash) const;

  mutable std::mutex mutex_;  // Guards all below.
  std::uint64_t changes_ = 0;
  std::array<std::size_t, 1024> recent_{};  ///< The hashes of the last changes.
  std::unordered_multimap<std::size_t, std::string> items_;
};

}  // namespace lamina::controller
