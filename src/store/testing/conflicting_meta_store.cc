// SPDX-License-Identifier: Apache-2.0
#include "store/testing/conflicting_meta_store.h"

#include <algorithm>

namespace lamina::store {

Result<meta::Outcome> ConflictingMetaStore::commit(meta::Batch batch) {
  using Kind = meta::Precondition::Kind;
  const auto compares = [](const meta::Precondition& each) {
    return each.kind == Kind::kEquals || each.kind == Kind::kAbsent;
  };
  const auto compared = std::ranges::find_if(batch.preconditions, compares);
  if (compared != batch.preconditions.end() && batch.durability == meta::Durability::kPowerLoss) {
    const std::scoped_lock lock(mutex_);
    if ((random_() & 1) != 0)
      return meta::Conflict{static_cast<std::size_t>(compared - batch.preconditions.begin())};
  }
  return records_.commit(std::move(batch));
}

}  // namespace lamina::store
