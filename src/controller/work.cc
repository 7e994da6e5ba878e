// SPDX-License-Identifier: Apache-2.0
#include "controller/work.h"

#include <algorithm>
#include <thread>

namespace lamina::controller {
namespace {

/// How long a look waits for the cache to show what the last one wrote.
constexpr std::chrono::seconds kLongestLag{5};
constexpr std::chrono::milliseconds kLagPause{20};
constexpr std::size_t kFailuresALine = 10;

/// `<index>/<namespace>/<name>`
std::pair<std::size_t, kube::ObjectKey> parse_item(std::string_view item) {
  const std::size_t first = item.find('/');
  const std::size_t second = item.find('/', first + 1);
  return {static_cast<std::size_t>(item.front() - '0'),
          {.namespace_name = std::string(item.substr(first + 1, second - first - 1)),
           .name = std::string(item.substr(second + 1))}};
}

}  // namespace

Work::Work(const Parts& parts, HoldKeeper& keeper)
    : parts_(parts), keeper_(keeper), queue_(parts.monotonic) {}

void Work::stop() {
  // Each may take a second to notice; they do so together.
  std::vector<std::jthread> ends;
  ends.reserve(watched_.size());
  for (Watched& watched : watched_) ends.emplace_back([&watched] { watched.informer->stop(); });
}

std::string Work::item_of(std::size_t index, const kube::ObjectKey& key) {
  return std::string(1, static_cast<char>('0' + index)) + "/" + key.namespace_name + "/" + key.name;
}

void Work::add(Kind& kind) {
  const std::size_t index = watched_.size();
  auto informer =
      std::make_unique<kube::Informer>(parts_.api, kind.type(), parts_.random, kind.informer_options());
  informer->on_change([this, index](kube::ChangeKind change, const kube::Object* before,
                                    const kube::Object& now) { changed(index, change, before, now); });
  informer->on_trouble([this, index, name = kind.type().plural](const Error* error) {
    if (error != nullptr) parts_.log(true, "watching " + name + ": " + error->message);
    const std::lock_guard lock(mutex_);
    watched_[index].behind = error != nullptr;
    // What its objects hold is not known to the registry yet.
    if (watched_[index].refused && error == nullptr) {
      sync_now_ = true;
      sync_wanted_.notify_all();
    }
    watched_[index].refused =
        error != nullptr && (error->code == Code::kNotFound || error->code == Code::kDenied);
    refusals_.notify_all();
  });
  watched_.push_back({.kind = kind, .informer = std::move(informer)});
}

bool Work::start(const std::stop_token& stop) {
  for (Watched& watched : watched_) watched.informer->start();
  for (const Watched& watched : watched_) {
    std::unique_lock lock(mutex_);
    // A first list that succeeds tells nobody but who asks.
    while (!watched.informer->synced() && !watched.refused && !stop.stop_requested()) {
      refusals_.wait_for(lock, stop, kLagPause, [&] { return watched.refused; });
    }
  }
  return !stop.stop_requested();
}

void Work::changed(std::size_t index, kube::ChangeKind change, const kube::Object* before,
                   const kube::Object& now) {
  Kind& kind = watched_[index].kind;
  kind.note(now.key, change == kube::ChangeKind::kDeleted ? nullptr : &now);
  const std::string item = item_of(index, now.key);
  {
    const std::lock_guard lock(mutex_);
    const auto found = expected_.find(item);
    if (found != expected_.end() &&
        (found->second.resource_version == now.resource_version || change == kube::ChangeKind::kDeleted)) {
      expected_.erase(found);
    }
  }
  if (keeper_.remembers(kind.type(), now.key)) {
    if (const auto held = kind.held_by(now)) keeper_.settled(kind.type(), now.key, *held);
  }
  if (before == nullptr || change != kube::ChangeKind::kModified || kind.needs_look(*before, now)) {
    queue_.add(item);
  }
}

void Work::look_at(const ExportOwner& owner) {
  for (std::size_t index = 0; index < watched_.size(); ++index) {
    const kube::ResourceType& type = watched_[index].kind.type();
    if (type.group == owner.group && type.kind == owner.kind) queue_.add(item_of(index, owner.key));
  }
}

bool Work::is_behind(const std::string& item) {
  const std::lock_guard lock(mutex_);
  const auto found = expected_.find(item);
  if (found == expected_.end()) return false;
  if (found->second.until > parts_.monotonic.now()) return true;
  expected_.erase(found);
  return false;
}

void Work::run(const std::stop_token& stop) {
  while (const auto item = queue_.take(stop)) {
    if (is_behind(*item)) {
      queue_.add_after(*item, kLagPause);
    } else {
      look(*item, stop);
    }
    queue_.done(*item);
  }
}

void Work::look(const std::string& item, const std::stop_token& stop) {
  const auto [index, key] = parse_item(item);
  Watched& watched = watched_[index];
  const auto object = watched.informer->get(key);
  const std::uint64_t begun = concerns_.changes();
  const Outcome outcome = watched.kind.reconcile(key, object.get(), stop);
  if (!outcome.written.empty()) {
    const auto now = watched.informer->get(key);
    if (now && now->resource_version != outcome.written) {
      const std::lock_guard lock(mutex_);
      expected_[item] = {.resource_version = outcome.written, .until = parts_.monotonic.now() + kLongestLag};
    }
  }
  if (concerns_.add(item, outcome.concerns, begun)) {
    watched.kind.distrust(key);
    queue_.add(item);
  }
  if (outcome.failed) {
    // The first attempts come one upon the other: each tells the log no more than the first.
    if (queue_.failures(item) % kFailuresALine == 0) {
      parts_.log(true, watched.kind.type().kind + " " + key.to_string() + ": " + outcome.log);
    }
    if (outcome.after.count() > 0) {
      queue_.add_after(item, outcome.after);
    } else {
      queue_.add_failed(item);
    }
    return;
  }
  queue_.forget(item);
  if (outcome.after.count() > 0) queue_.add_after(item, outcome.after);
}

void Work::registry_changed(const RegistryChange& change) {
  const auto alive = [this](const std::string& item) {
    const auto [index, key] = parse_item(item);
    return watched_[index].informer->get(key) != nullptr;
  };
  for (const std::string& item : concerns_.of(change, alive)) {
    const auto [index, key] = parse_item(item);
    watched_[index].kind.distrust(key);
    queue_.add(item);
  }
}

void Work::registry_followed() {
  for (const Watched& watched : watched_) {
    watched.kind.distrust_tags();
    enqueue_all(watched);
  }
}

void Work::registry_returned(bool log_lost) {
  {
    const std::lock_guard lock(mutex_);
    sync_now_ = true;
  }
  sync_wanted_.notify_all();
  for (const Watched& watched : watched_) {
    if (log_lost) {
      for (const auto& object : watched.informer->list()) watched.kind.distrust(object->key);
    }
    // Those that failed need not wait for the end of their delay.
    enqueue_all(watched);
  }
}

void Work::wait_to_sync(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  sync_wanted_.wait_for(lock, stop, time, [this] { return sync_now_; });
  sync_now_ = false;
}

bool Work::sync_holds() {
  bool complete = true;
  for (Watched& watched : watched_) complete = sync_holds(watched) && complete;
  return complete;
}

bool Work::sync_holds(Watched& watched) {
  const kube::ResourceType& type = watched.kind.type();
  const kube::Informer& informer = *watched.informer;
  // What cannot be listed is in doubt, not empty.
  if (!informer.synced() || informer.type_missing()) return true;
  // A list of some time ago asserts what it has, and releases nothing.
  bool told = !is_behind(watched);
  const auto collect = [&] {
    std::vector<HolderHolds> holders;
    for (const auto& object : informer.list()) {
      auto held = watched.kind.held_by(*object);
      told = told && held.has_value();
      if (!held || held->empty() || object->deleting) continue;
      holders.push_back({.namespace_name = object->key.namespace_name,
                         .name = object->key.name,
                         .uid = object->uid,
                         .holds = *std::move(held)});
    }
    return holders;
  };
  const auto answer = keeper_.sync(type, collect, told);
  if (!answer) {
    parts_.log(true, "holds of " + type.plural + ": " + answer.error().message);
    return false;
  }
  if (answer->in_doubt > 0) {
    parts_.log(true, "the registry holds content for " + std::to_string(answer->in_doubt) + " " + type.kind +
                         " objects that this cluster does not have; nothing is released: `lamina holders`");
  }
  if (watched.kind.set_in_doubt(answer->in_doubt)) enqueue_all(watched);
  for (const kube::ObjectKey& key : answer->missing) {
    watched.kind.distrust(key);
    queue_.add(item_of(index_of(watched), key));
  }
  return true;
}

bool Work::is_behind(const Watched& watched) {
  const std::lock_guard lock(mutex_);
  return watched.behind;
}

void Work::enqueue_all(const Watched& watched) {
  const std::size_t index = index_of(watched);
  for (const auto& object : watched.informer->list()) queue_.add(item_of(index, object->key));
}

std::size_t Work::index_of(const Watched& watched) const {
  return static_cast<std::size_t>(&watched - watched_.data());
}

}  // namespace lamina::controller
