// SPDX-License-Identifier: Apache-2.0
#include "controller/snapshot_index.h"

#include <functional>
#include <string_view>

namespace lamina::controller {
namespace {

std::size_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

/// What follows the name of the annotation: changes with its value.
std::size_t annotation_hash(std::string_view json) {
  constexpr std::size_t kLongestValue = 400;
  const std::size_t found = json.find(kManifestAnnotation);
  if (found == json.npos) return 0;
  const std::size_t begin = json.find(':', found) + 2;
  return hash_of(json.substr(begin, std::min(json.find('"', begin) - begin, kLongestValue)));
}

}  // namespace

void SnapshotIndex::put(const kube::Object& object) {
  const std::size_t metadata = hash_of(object.uid) ^ annotation_hash(object.json);
  {
    const std::lock_guard lock(mutex_);
    const auto known = entries_.find(object.key);
    if (known != entries_.end() && !object.deleting && known->second.generation == object.generation &&
        known->second.metadata == metadata) {
      return;
    }
  }
  const auto snapshot = object.deleting ? Result<Snapshot>(Snapshot{}) : read_snapshot(object.json);
  const std::lock_guard lock(mutex_);
  remove(object.key);
  if (object.deleting || !snapshot || snapshot->of_toolkit) return;
  const auto repository = repository_of(snapshot->identity, NamingScheme::kOcmV1);
  Entry entry{.generation = object.generation,
              .metadata = metadata,
              .repository = repository ? hash_of(repository->str()) : 0,
              .tag = hash_of(snapshot->tag),
              .layer = hash_of(snapshot->digest)};
  if (snapshot->manifest) {
    entry.held_repository = hash_of(snapshot->manifest->repository.str());
    entry.manifest = std::hash<Digest>{}(snapshot->manifest->digest);
  }
  const auto* added = &*entries_.insert_or_assign(object.key, entry).first;
  by_repository_.emplace(entry.repository, added);
  if (entry.held_repository != 0 && entry.held_repository != entry.repository) {
    by_repository_.emplace(entry.held_repository, added);
  }
}

void SnapshotIndex::erase(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  remove(key);
}

void SnapshotIndex::remove(const kube::ObjectKey& key) {
  const auto known = entries_.find(key);
  if (known == entries_.end()) return;
  for (const std::size_t repository : {known->second.repository, known->second.held_repository}) {
    const auto [begin, end] = by_repository_.equal_range(repository);
    for (auto it = begin; it != end; ++it) {
      if (it->second != &*known) continue;
      by_repository_.erase(it);
      break;
    }
  }
  entries_.erase(known);
}

bool SnapshotIndex::is_named_by_another(const kube::ObjectKey& key, const Named& content) const {
  const std::size_t repository = hash_of(content.manifest.repository.str());
  const std::size_t manifest = std::hash<Digest>{}(content.manifest.digest);
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = by_repository_.equal_range(repository);
  for (auto it = begin; it != end; ++it) {
    const auto& [other, entry] = *it->second;
    if (other == key) continue;
    const bool holds = entry.held_repository == repository;
    if (holds && entry.manifest == manifest) return true;
    if (entry.repository != repository) continue;
    if (entry.tag == hash_of(content.tag)) return true;
    if (entry.layer == hash_of(content.layer) && !holds) return true;
  }
  return false;
}

}  // namespace lamina::controller
