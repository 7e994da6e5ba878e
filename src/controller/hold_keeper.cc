// SPDX-License-Identifier: Apache-2.0
#include "controller/hold_keeper.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "controller/registry_content.h"

namespace lamina::controller {
namespace {

/// How far what is cached of the cluster may be behind it.
constexpr std::chrono::seconds kCacheLag{30};

/// Of one request; more than there are workers, so that only a full set is larger.
constexpr std::size_t kMostAtOnce = 256;

bool same(const HeldManifest& one, const HeldManifest& other) {
  return one.repository == other.repository && one.digest == other.digest;
}

std::set<std::pair<std::string, Digest>> as_set(const std::vector<HeldManifest>& manifests) {
  std::set<std::pair<std::string, Digest>> all;
  for (const HeldManifest& manifest : manifests) all.emplace(manifest.repository.str(), manifest.digest);
  return all;
}

/// The first is what the object stands for; of others, which are its past, it may be that they are gone.
std::expected<void, Trouble> answer_for(const HolderHolds& holder, const HoldsAnswer& answer) {
  if (holder.holds.empty()) return {};
  const HeldManifest& present = holder.holds.front();
  if (std::ranges::none_of(answer.missing, [&](const auto& gone) { return same(gone, present); })) return {};
  return std::unexpected(Trouble{.reason = Reason::kArtifactNotFound,
                                 .message = "the registry has no " + present.repository.str() + "@" +
                                            present.digest.to_string() + " to hold: publish it again",
                                 .retry_after = {}});
}

}  // namespace

HoldKeeper::Lane& HoldKeeper::lane_of(const kube::ResourceType& type) {
  return lanes_[type.group + "/" + type.kind];
}

HoldsUpdate HoldKeeper::update_for(const kube::ResourceType& type) const {
  HoldsUpdate update;
  update.cluster = settings_.cluster;
  update.group = type.group;
  update.kind = type.kind;
  update.generation = generation_;
  return update;
}

void HoldKeeper::send_waiting(const kube::ResourceType& type, Lane& lane,
                              std::unique_lock<std::mutex>& lock) {
  const std::size_t count = std::min(lane.waiting.size(), kMostAtOnce);
  const std::vector<Waiting*> batch(lane.waiting.begin(),
                                    lane.waiting.begin() + static_cast<std::ptrdiff_t>(count));
  lane.waiting.erase(lane.waiting.begin(), lane.waiting.begin() + static_cast<std::ptrdiff_t>(count));
  HoldsUpdate update = update_for(type);
  for (const Waiting* one : batch) update.holders.push_back(one->holder);

  lock.unlock();
  const auto answer = send_(update);
  lock.lock();

  for (Waiting* one : batch) {
    one->answer = answer ? answer_for(one->holder, *answer)
                         : std::unexpected(trouble_of(answer.error(), "holding content in the registry"));
  }
}

std::expected<void, Trouble> HoldKeeper::hold(const kube::ResourceType& type, const kube::ObjectKey& key,
                                              const std::string& uid,
                                              const std::vector<HeldManifest>& manifests) {
  Waiting own{
      .holder = {.namespace_name = key.namespace_name, .name = key.name, .uid = uid, .holds = manifests},
      .answer = {}};
  std::unique_lock lock(mutex_);
  Lane& lane = lane_of(type);
  // Before it is sent: a full set that is collected after this one was sent must not lack it.
  lane.unsettled[key] = manifests;
  lane.waiting.push_back(&own);
  while (!own.answer) {
    if (lane.busy) {
      changed_.wait(lock);
      continue;
    }
    lane.busy = true;
    send_waiting(type, lane, lock);
    lane.busy = false;
    changed_.notify_all();
  }
  // Nobody will call settled() for an object that is gone.
  if (manifests.empty() && *own.answer) lane.unsettled.erase(key);
  return *own.answer;
}

std::expected<SyncAnswer, Trouble> HoldKeeper::sync(const kube::ResourceType& type,
                                                    const std::function<std::vector<HolderHolds>()>& collect,
                                                    const bool& complete) {
  std::unique_lock lock(mutex_);
  Lane& lane = lane_of(type);
  changed_.wait(lock, [&] { return !lane.busy; });
  lane.busy = true;
  lock.unlock();
  HoldsUpdate update = update_for(type);
  update.holders = collect();
  update.complete = complete;
  update.listed_ago = kCacheLag;
  lock.lock();
  for (HolderHolds& holder : update.holders) {
    const auto said = lane.unsettled.find({.namespace_name = holder.namespace_name, .name = holder.name});
    if (said == lane.unsettled.end()) continue;
    for (const HeldManifest& manifest : said->second) {
      if (std::ranges::none_of(holder.holds, [&](const auto& known) { return same(known, manifest); })) {
        holder.holds.push_back(manifest);
      }
    }
  }
  lock.unlock();
  auto answer = send_(update);
  lock.lock();
  lane.busy = false;
  changed_.notify_all();
  if (!answer) return std::unexpected(trouble_of(answer.error(), "comparing holds with the registry"));
  SyncAnswer summary{.in_doubt = answer->in_doubt, .missing = {}};
  const std::set<std::pair<std::string, Digest>> missing = as_set(answer->missing);
  for (const HolderHolds& holder : update.holders) {
    if (missing.empty()) break;
    if (std::ranges::any_of(holder.holds, [&](const HeldManifest& manifest) {
          return missing.contains({manifest.repository.str(), manifest.digest});
        })) {
      summary.missing.push_back({.namespace_name = holder.namespace_name, .name = holder.name});
    }
  }
  return summary;
}

bool HoldKeeper::remembers(const kube::ResourceType& type, const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  return lane_of(type).unsettled.contains(key);
}

void HoldKeeper::settled(const kube::ResourceType& type, const kube::ObjectKey& key,
                         const std::vector<HeldManifest>& manifests) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lane_of(type);
  const auto said = lane.unsettled.find(key);
  if (said != lane.unsettled.end() && std::ranges::equal(said->second, manifests, same)) {
    lane.unsettled.erase(said);
  }
}

}  // namespace lamina::controller
