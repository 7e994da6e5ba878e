// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/concerns.h"
#include "controller/controller.h"
#include "controller/export_cache.h"
#include "controller/hold_keeper.h"
#include "controller/kind.h"
#include "kube/informer.h"
#include "kube/work_queue.h"

namespace lamina::controller {

/// The objects of all kinds, kept up to date, and the queue of those that need a look. Thread-safe once
/// started.
class Work {
 public:
  /// Both outlive it.
  Work(const Parts& parts, HoldKeeper& keeper);

  /// Before start(). `kind` outlives it.
  void add(Kind& kind);
  /// Lists all objects; returns when the caches are complete, or what they are of cannot be had. False where
  /// `stop` came first.
  bool start(const std::stop_token& stop);
  void stop();

  /// Looks at one object after the other until `stop`; called on each worker's thread.
  void run(const std::stop_token& stop);

  /// An object that others watch for it needs a look.
  void look_at(const ExportOwner& owner);
  /// Something changed in Lamina's registry.
  void registry_changed(const RegistryChange& change);
  /// Its changes are told from now on, those until now may have been missed.
  void registry_followed();
  /// It is back after a while. `log_lost`: nothing of what was seen there can be taken for granted.
  void registry_returned(bool log_lost);

  /// Compares the holds of all kinds with the registry. False where some kind's could not be.
  bool sync_holds();
  /// Waits until it is time to compare again: after `time`, or when the registry has returned.
  void wait_to_sync(const std::stop_token& stop, std::chrono::milliseconds time);

 private:
  struct Watched {
    Kind& kind;
    std::unique_ptr<kube::Informer> informer;
    bool refused = false;  ///< There is no such kind, or no right to list it. Guarded by mutex_.
    bool behind = false;   ///< Its watch is broken: the cache is of some time ago. Guarded by mutex_.
  };
  /// Of a status that was written: until the cache shows it, a look would be at the past.
  struct Expectation {
    std::string resource_version;
    Instant until;
  };

  void changed(std::size_t index, kube::ChangeKind change, const kube::Object* before,
               const kube::Object& now);
  void look(const std::string& item, const std::stop_token& stop);
  bool is_behind(const std::string& item);
  bool is_behind(const Watched& watched);
  bool sync_holds(Watched& watched);
  void enqueue_all(const Watched& watched);
  std::size_t index_of(const Watched& watched) const;
  static std::string item_of(std::size_t index, const kube::ObjectKey& key);

  const Parts& parts_;
  HoldKeeper& keeper_;
  kube::WorkQueue queue_;
  Concerns concerns_;
  std::vector<Watched> watched_;
  std::mutex mutex_;
  std::unordered_map<std::string, Expectation> expected_;  ///< Guarded by mutex_.
  std::condition_variable_any refusals_;
  std::condition_variable_any sync_wanted_;
  bool sync_now_ = false;  ///< Guarded by mutex_.
};

}  // namespace lamina::controller
