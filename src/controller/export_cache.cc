// SPDX-License-Identifier: Apache-2.0
#include "controller/export_cache.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "kube/informer.h"

namespace lamina::controller {
namespace {

std::optional<ExportOwner> owner_of(const ExportState& state, const std::string& namespace_name) {
  if (state.owner_uid.empty()) return std::nullopt;
  const std::size_t slash = state.owner_api_version.find('/');
  return ExportOwner{
      .group = slash == std::string::npos ? std::string() : state.owner_api_version.substr(0, slash),
      .kind = state.owner_kind,
      .key = {.namespace_name = namespace_name, .name = state.owner_name}};
}

kube::InformerOptions options_of(ExportKind kind) {
  kube::InformerOptions options;
  options.label_selector = "app.kubernetes.io/managed-by=" + std::string(kManager);
  options.keep = [kind](const kube::Object& object) { return to_json(export_state(kind, object.json)); };
  return options;
}

}  // namespace

std::optional<ExportOwner> owner_of(const kube::Object& exported) {
  return owner_of(parse_export_state(exported.json), exported.key.namespace_name);
}

struct WatchedExports::State {
  struct Watched {
    std::unique_ptr<kube::Informer> informer;
    std::string trouble;  ///< Guarded by mutex; empty: none.
  };

  void changed(ExportKind kind, kube::ChangeKind change, const kube::Object* before,
               const kube::Object& now) {
    const ExportState state = parse_export_state(now.json);
    if (before != nullptr) {
      // Whoever lost it to another owner needs a look as well.
      const ExportState former = parse_export_state(before->json);
      if (former.owner_uid != state.owner_uid) tell(kind, former, *before, false);
    }
    tell(kind, state, now, change != kube::ChangeKind::kDeleted);
  }

  void tell(ExportKind kind, const ExportState& state, const kube::Object& object, bool owned) {
    note(kind, state.owner_uid, object, owned);
    if (const auto owner = owner_of(state, object.key.namespace_name)) on_change(*owner);
  }

  void note(ExportKind kind, const std::string& owner_uid, const kube::Object& object, bool owned) {
    if (owner_uid.empty()) return;
    const std::lock_guard lock(mutex);
    auto& all = by_owner[owner_uid];
    std::erase_if(all, [&](const Owned& entry) { return entry.kind == kind && entry.key == object.key; });
    if (owned) all.push_back({.kind = kind, .key = object.key, .uid = object.uid});
    if (all.empty()) by_owner.erase(owner_uid);
  }

  Watched& of(ExportKind kind) { return watched[static_cast<std::size_t>(kind)]; }

  std::function<void(const ExportOwner&)> on_change;
  mutable std::mutex mutex;
  std::condition_variable_any told;                              ///< Trouble began or ended.
  std::unordered_map<std::string, std::vector<Owned>> by_owner;  ///< Guarded by mutex; by uid.
  std::array<Watched, kExportKinds> watched;                     ///< Last: its threads use the others.
};

WatchedExports::WatchedExports(kube::Api& api, Random& random,
                               std::function<void(const ExportOwner&)> on_change)
    : state_(std::make_unique<State>()) {
  state_->on_change = std::move(on_change);
  for (std::size_t index = 0; index < kExportKinds; ++index) {
    const auto kind = static_cast<ExportKind>(index);
    State::Watched& watched = state_->watched[index];
    watched.informer = std::make_unique<kube::Informer>(api, type_of(kind), random, options_of(kind));
    watched.informer->on_change(
        [state = state_.get(), kind](kube::ChangeKind change, const kube::Object* before,
                                     const kube::Object& now) { state->changed(kind, change, before, now); });
    watched.informer->on_trouble([state = state_.get(), &watched](const Error* error) {
      const std::lock_guard lock(state->mutex);
      watched.trouble = error == nullptr ? std::string() : error->message;
      state->told.notify_all();
    });
  }
}

WatchedExports::~WatchedExports() { stop(); }

void WatchedExports::start() {
  for (const auto& watched : state_->watched) watched.informer->start();
}

void WatchedExports::stop() {
  // Each may take a second to notice; they do so together.
  std::vector<std::jthread> ends;
  ends.reserve(state_->watched.size());
  for (const auto& watched : state_->watched) {
    ends.emplace_back([&watched] { watched.informer->stop(); });
  }
}

bool WatchedExports::wait_for_sync(const std::stop_token& stop) const {
  for (const auto& watched : state_->watched) {
    std::unique_lock lock(state_->mutex);
    // A first list that succeeds tells nobody but who asks.
    while (!watched.informer->synced() && watched.trouble.empty() && !stop.stop_requested()) {
      state_->told.wait_for(lock, stop, std::chrono::milliseconds(20),
                            [&] { return !watched.trouble.empty(); });
    }
  }
  return !stop.stop_requested();
}

ExportCache::Status WatchedExports::status(ExportKind kind) const {
  const State::Watched& watched = state_->of(kind);
  if (watched.informer->type_missing()) return {.availability = Availability::kNotInstalled, .message = {}};
  if (watched.informer->synced()) return {.availability = Availability::kReady, .message = {}};
  const std::lock_guard lock(state_->mutex);
  if (watched.trouble.empty()) return {};
  return {.availability = Availability::kFailing, .message = watched.trouble};
}

std::optional<ExportState> WatchedExports::find(ExportKind kind, const kube::ObjectKey& key) const {
  const auto object = state_->of(kind).informer->get(key);
  if (object == nullptr) return std::nullopt;
  return parse_export_state(object->json);
}

std::vector<ExportCache::Owned> WatchedExports::owned_by(const std::string& uid) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->by_owner.find(uid);
  return found == state_->by_owner.end() ? std::vector<Owned>() : found->second;
}

}  // namespace lamina::controller
