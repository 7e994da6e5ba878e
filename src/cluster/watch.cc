// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <condition_variable>
#include <utility>

#include "cluster/cluster_impl.h"
#include "cluster/kinds.h"
#include "kube/informer.h"
#include "lamina/kubernetes.h"

namespace lamina {
namespace {

/// While the API server fails. Its informers have their own back-off, this is for reading once they woke us.
constexpr std::chrono::seconds kRetry{2};

/// Says that something may have changed.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  /// False where `stop` came.
  bool wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return rung_; });
    rung_ = false;
    return !stop.stop_requested();
  }
  /// Waits for so long at most.
  bool wait_for(const std::stop_token& stop, std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, time, [&] { return rung_; });
    rung_ = false;
    return !stop.stop_requested();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool rung_ = false;  // Guarded by mutex_.
};

class Watch {
 public:
  Watch(Cluster::Impl& cluster, kube::ResourceType type, const ObjectName& name,
        const std::function<bool(const ObjectReference&)>& on_reference)
      : cluster_(cluster), type_(std::move(type)), name_(name), on_reference_(on_reference) {}

  Result<void> run(const std::stop_token& stop) {
    const auto object = make_informer(type_, type_.namespaced ? name_.namespace_name : "", name_.name);
    object->on_trouble([this](const Error* error) {
      if (error != nullptr) refuse(*error);
    });
    object->start();
    while (bell_.wait(stop)) {
      if (auto refusal = refused()) return std::unexpected(*std::move(refusal));
      while (auto failed = look()) {
        if (failed->code != Code::kUnavailable) return std::unexpected(*std::move(failed));
        if (!bell_.wait_for(stop, kRetry)) return {};
      }
      if (ended_) return {};
    }
    return {};
  }

 private:
  using Informer = std::unique_ptr<kube::Informer>;

  /// All objects of the namespace where `name` is empty.
  Informer make_informer(const kube::ResourceType& type, const std::string& namespace_name,
                         const std::string& name) {
    auto informer = std::make_unique<kube::Informer>(
        *cluster_.api, type, cluster_.random,
        kube::InformerOptions{.namespace_name = namespace_name,
                              .label_selector = {},
                              .field_selector = name.empty() ? "" : "metadata.name=" + name,
                              .keep = [](const kube::Object&) { return std::string(); }});
    informer->on_change([this](kube::ChangeKind, const kube::Object*, const kube::Object&) { bell_.ring(); });
    return informer;
  }
  void follow(const kube::ResourceType& type, const std::string& name) {
    carriers_.push_back(make_informer(type, name_.namespace_name, name));
    carriers_.back()->start();
  }

  /// On the informer's thread.
  void refuse(const Error& error) {
    if (error.code != Code::kDenied && error.code != Code::kUnauthorized) return;
    {
      const std::lock_guard lock(mutex_);
      refusal_ = error;
    }
    bell_.ring();
  }
  std::optional<Error> refused() {
    const std::lock_guard lock(mutex_);
    return refusal_;
  }

  /// Reads and hands over what is new. An error ends the watch, or is tried again.
  std::optional<Error> look() {
    auto sight = cluster::look(*cluster_.api, type_, name_);
    if (!sight) return sight.error().code == Code::kNotFound ? std::nullopt : std::optional(sight.error());
    follow_carriers(*sight);
    const auto& reference = sight->reference;
    if (!reference) {
      const Code code = reference.error().code;
      // Not yet, or not any more: a change will tell.
      if (code == Code::kNotFound || code == Code::kConflict) return std::nullopt;
      return reference.error();
    }
    if (!reference->ready || reference->version() == last_) return std::nullopt;
    last_ = reference->version();
    ended_ = !on_reference_(*reference);
    return std::nullopt;
  }

  void follow_carriers(const cluster::Sight& sight) {
    if (sight.snapshot != snapshot_) {
      snapshot_ = sight.snapshot;
      carriers_.clear();
      if (!snapshot_.empty()) follow(cluster::snapshot_type(), snapshot_);
    }
    if (sight.owned == owned_) return;
    owned_ = sight.owned;
    if (snapshot_.empty()) carriers_.clear();
    if (!owned_) return;
    for (const kube::ResourceType& type : cluster::owned_types()) follow(type, "");
  }

  Cluster::Impl& cluster_;
  const kube::ResourceType type_;
  const ObjectName& name_;
  const std::function<bool(const ObjectReference&)>& on_reference_;
  Bell bell_;
  std::mutex mutex_;
  std::optional<Error> refusal_;    // Of the right to watch the object. Guarded by mutex_.
  std::vector<Informer> carriers_;  // Of what the object refers to.
  std::string snapshot_;
  bool owned_ = false;
  std::string last_;
  bool ended_ = false;
};

}  // namespace

Result<void> Cluster::watch(const ObjectName& object,
                            const std::function<bool(const ObjectReference&)>& on_reference,
                            const std::stop_token& stop) {
  LAMINA_ASSIGN(kube::ResourceType type, impl_->api->resolve_type(object.kind));
  return Watch(*impl_, std::move(type), object, on_reference).run(stop);
}

}  // namespace lamina
