// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "lamina/reference.h"
#include "meta/meta_store.h"
#include "store/records.h"

namespace lamina::store {

/// Which changes someone wants.
struct ChangeFilter {
  std::string repository;  ///< A repository, "a/b/" for all below a/b, or empty for all.
  std::optional<Tag> tag;  ///< Changes of this tag alone.

  bool matches(const ChangeRecord& change) const;
};

/// Wakes who waits for a change as soon as one was committed by this process. Costs a commit one look-up a
/// change, and a call for each subscriber whose filter matches. Thread-safe.
class ChangeSignal {
 private:
  struct Entry {
    ChangeFilter filter;
    std::function<void()> wake;
  };
  using Entries = std::list<Entry>;

 public:
  /// Ends when it is destroyed; the signal outlives it.
  class Subscription {
   public:
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&&) = delete;
    ~Subscription();

   private:
    friend ChangeSignal;
    Subscription(ChangeSignal& signal, Entries& home, Entries::iterator entry)
        : signal_(&signal), home_(&home), entry_(entry) {}

    ChangeSignal* signal_;  // Null: moved from.
    Entries* home_;
    Entries::iterator entry_;
  };

  /// From now on `wake` is called after every commit with a change that matches, once the commit is visible
  /// to readers; perhaps without need, and perhaps several times. It is called on any thread, by one at a
  /// time, must be quick and must not come back to the signal. No call runs or begins once the subscription
  /// has ended.
  [[nodiscard]] Subscription subscribe(ChangeFilter filter, std::function<void()> wake);

  /// Payloads of the change log that were committed, or may have been.
  void announce(std::span<const std::string> changes);
  void wake_all();

 private:
  std::mutex mutex_;  // Guards all below.
  std::map<std::string, Entries, std::less<>> of_repository_;
  Entries others_;
};

/// Another's records; announces the changes of each commit.
class AnnouncingMetaStore final : public meta::MetaStore {
 public:
  AnnouncingMetaStore(meta::MetaStore& records, ChangeSignal& signal) : records_(records), signal_(signal) {}

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
  ChangeSignal& signal_;
};

}  // namespace lamina::store
