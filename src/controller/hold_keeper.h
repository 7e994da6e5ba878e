// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/holds.h"
#include "controller/settings.h"
#include "lamina/client.h"

namespace lamina::controller {

/// What one full comparison of a kind's holds came to.
struct SyncAnswer {
  std::uint64_t in_doubt = 0;            ///< Holds of objects that nobody knows, kept for now.
  std::vector<kube::ObjectKey> missing;  ///< Objects of which the registry lacks something.
};

/// Sends what objects hold to the registry. Calls that wait at the same time share one request; requests of
/// one kind go one after another, so that a full set never crosses a single change. Thread-safe.
class HoldKeeper final : public Holds {
 public:
  /// Sends an update to the registry: Client::set_holds().
  using Send = std::function<Result<HoldsAnswer>(const HoldsUpdate&)>;

  /// `generation` is greater than that of every keeper before this one.
  HoldKeeper(Send send, const Settings& settings, std::uint64_t generation)
      : send_(std::move(send)), settings_(settings), generation_(generation) {}

  std::expected<void, Trouble> hold(const kube::ResourceType& type, const kube::ObjectKey& key,
                                    const std::string& uid,
                                    const std::vector<HeldManifest>& manifests) override;

  /// Compares all objects of a kind with what the registry knows; it releases what is held by others, unless
  /// that is too much to be true. `collect` lists the objects and what they hold by their present state; it
  /// is called when no other request of the kind is on its way. What hold() said and the state does not show
  /// yet is added. Where `complete` is false after it, the list is not of all, and nothing is released.
  std::expected<SyncAnswer, Trouble> sync(const kube::ResourceType& type,
                                          const std::function<std::vector<HolderHolds>()>& collect,
                                          const bool& complete);

  /// True where settled() should be told of the object.
  bool remembers(const kube::ResourceType& type, const kube::ObjectKey& key);

  /// The object's state, as all can see it, shows what it holds: hold() need not be remembered.
  void settled(const kube::ResourceType& type, const kube::ObjectKey& key,
               const std::vector<HeldManifest>& manifests);

 private:
  struct Waiting {
    HolderHolds holder;
    std::optional<std::expected<void, Trouble>> answer;
  };
  /// Of one kind; all guarded by mutex_.
  struct Lane {
    bool busy = false;  ///< A request is on its way; whoever set it sends for those who wait.
    std::vector<Waiting*> waiting;
    /// What hold() said last and the object's state may not show yet.
    std::unordered_map<kube::ObjectKey, std::vector<HeldManifest>, kube::ObjectKeyHash> unsettled;
  };

  Lane& lane_of(const kube::ResourceType& type);  ///< With mutex_.
  HoldsUpdate update_for(const kube::ResourceType& type) const;
  void send_waiting(const kube::ResourceType& type, Lane& lane, std::unique_lock<std::mutex>& lock);

  const Send send_;
  const Settings& settings_;
  const std::uint64_t generation_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Lane> lanes_;  ///< By group and kind. Guarded by mutex_.
};

}  // namespace lamina::controller
