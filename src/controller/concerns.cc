// SPDX-License-Identifier: Apache-2.0
#include "controller/concerns.h"

#include <algorithm>
#include <functional>

namespace lamina::controller {

std::string Concerns::of_tag(std::string_view repository, std::string_view tag) {
  return std::string(repository) + ":" + std::string(tag);
}

std::string Concerns::of_manifest(std::string_view repository, std::string_view digest) {
  return std::string(repository) + "@" + std::string(digest);
}

std::size_t Concerns::hash_of(const RegistryChange& change) {
  const std::string& repository = change.repository.str();
  return std::hash<std::string>{}(change.tag.empty() ? of_manifest(repository, change.digest.to_string())
                                                     : of_tag(repository, change.tag));
}

std::uint64_t Concerns::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

bool Concerns::changed_since(std::uint64_t seen, std::size_t hash) const {
  if (changes_ - seen > recent_.size()) return true;
  for (std::uint64_t change = seen; change < changes_; ++change) {
    if (recent_[change % recent_.size()] == hash) return true;
  }
  return false;
}

bool Concerns::add(const std::string& item, const std::vector<std::string>& names, std::uint64_t seen) {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  for (const std::string& name : names) {
    const std::size_t hash = std::hash<std::string>{}(name);
    const auto [begin, end] = items_.equal_range(hash);
    const bool known = std::any_of(begin, end, [&](const auto& entry) { return entry.second == item; });
    if (known) continue;
    items_.emplace(hash, item);
    changed = changed || changed_since(seen, hash);
  }
  return changed;
}

}  // namespace lamina::controller
