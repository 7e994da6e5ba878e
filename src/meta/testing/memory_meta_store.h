// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "meta/meta_store.h"

namespace lamina::meta {

/// Records in memory, with faults on demand. Thread-safe but for the setters, which a test calls while no
/// other call runs.
class MemoryMetaStore final : public MetaStore {
 public:
  /// Runs on the committing thread before a commit, outside of any lock: it may commit to this store, which
  /// then runs no hook. What it returns is the answer of the commit, which is not applied; nothing returned:
  /// the commit goes on.
  using BeforeCommit = std::function<std::optional<Result<Outcome>>(const Batch&)>;
  /// Runs after a commit was applied; what it returns is the answer instead, as where the connection broke.
  using AfterCommit = std::function<std::optional<Error>(const Batch&)>;
  /// Runs before each get(), scan() and changes(); what it returns is the answer.
  using BeforeRead = std::function<std::optional<Error>()>;

  void before_commit(BeforeCommit hook) { before_commit_ = std::move(hook); }
  void after_commit(AfterCommit hook) { after_commit_ = std::move(hook); }
  void before_read(BeforeRead hook) { before_read_ = std::move(hook); }

  /// Power loss: undoes the commits of kProcessDeath that no later one of kPowerLoss has made durable.
  void lose_unsynced();

  Result<std::optional<std::string>> get(Table table, std::string_view key) override;
  Result<std::vector<Record>> scan(Table table, std::string_view prefix, std::string_view after,
                                   std::size_t limit, Include include = Include::kKeysAndValues) override;
  Result<Outcome> commit(Batch batch) override;
  Result<std::vector<Change>> changes(std::uint64_t since, std::size_t limit) override;

 private:
  using Key = std::pair<Table, std::string>;
  using Records = std::map<Key, std::string>;

  bool holds(const Precondition& precondition) const;
  void put(const Key& key, std::optional<std::string> value);
  Outcome apply(Batch batch);
  Result<void> may_read() const;

  BeforeCommit before_commit_;
  AfterCommit after_commit_;
  BeforeRead before_read_;

  std::mutex mutex_;  // Guards all below.
  Records records_;
  std::uint64_t sequence_ = 0;
  std::vector<std::pair<Key, std::optional<std::string>>> undo_;  // Values before the unsynced writes.
};

}  // namespace lamina::meta
