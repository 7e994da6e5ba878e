// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <random>

#include "meta/meta_store.h"

namespace lamina::store {

/// Another's records, with other writers always a step ahead: by the seed, half of the commits that compare a
/// record with what was read meet a conflict, as if it had been changed and changed back. Commits that ask
/// for no more than presence go through: there a conflict is a fact, not a call to try again. Thread-safe.
class ConflictingMetaStore final : public meta::MetaStore {
 public:
  ConflictingMetaStore(meta::MetaStore& records, std::uint64_t seed) : records_(records), random_(seed) {}

  Result<std::optional<std::string>> get(meta::Table table, std::string_view key) override {
    return records_.get(table, key);
  }
  Result<std::vector<meta::Record>> scan(meta::Table table, std::string_view prefix, std::string_view after,
                                         std::size_t limit, meta::Include include) override {
    return records_.scan(table, prefix, after, limit, include);
  }
  Result<meta::Outcome> commit(meta::Batch batch) override;
  Result<std::vector<meta::Change>> changes(std::uint64_t since, std::size_t limit) override {
    return records_.changes(since, limit);
  }

 private:
  meta::MetaStore& records_;
  std::mutex mutex_;
  std::mt19937_64 random_;  // guarded by mutex_
};

}  // namespace lamina::store
