// SPDX-License-Identifier: Apache-2.0
#include "kube/cache.h"

#include <utility>

namespace lamina::kube {

void ObjectCache::list_begins() {
  for (const Entry& entry : entries_) entry.listed = false;
}

void ObjectCache::list_ends() {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->listed) {
      ++entry;
      continue;
    }
    const Pointer last = entry->object;
    entry = entries_.erase(entry);
    changes_.push_back({ChangeKind::kDeleted, last, last});
  }
}

void ObjectCache::present(Object object) {
  const auto known = entries_.find(object.key);
  if (known == entries_.end()) {
    const Pointer now = compact(std::move(object));
    entries_.insert({now, true});
    changes_.push_back({ChangeKind::kAdded, nullptr, now});
    return;
  }
  known->listed = true;
  const Pointer before = known->object;
  const bool anew = before->uid != object.uid;
  if (!anew && before->resource_version == object.resource_version) return;
  known->object = compact(std::move(object));
  if (anew) {
    changes_.push_back({ChangeKind::kDeleted, before, before});
    changes_.push_back({ChangeKind::kAdded, nullptr, known->object});
  } else {
    changes_.push_back({ChangeKind::kModified, before, known->object});
  }
}

void ObjectCache::gone(Object object) {
  const auto known = entries_.find(object.key);
  if (known == entries_.end()) return;
  const Pointer before = known->object;
  entries_.erase(known);
  changes_.push_back({ChangeKind::kDeleted, before, compact(std::move(object))});
}

ObjectCache::Pointer ObjectCache::find(const ObjectKey& key) const {
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? nullptr : entry->object;
}

std::vector<ObjectCache::Pointer> ObjectCache::all() const {
  std::vector<Pointer> objects;
  objects.reserve(entries_.size());
  for (const Entry& entry : entries_) objects.push_back(entry.object);
  return objects;
}

ObjectCache::Pointer ObjectCache::compact(Object object) const {
  if (keep_) object.json = keep_(object);
  for (std::string* text :
       {&object.key.namespace_name, &object.key.name, &object.uid, &object.resource_version, &object.json}) {
    text->shrink_to_fit();
  }
  return std::make_shared<const Object>(std::move(object));
}

}  // namespace lamina::kube
