// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <mutex>
#include <utility>

#include "cluster/cluster_impl.h"
#include "kube/informer.h"
#include "kube/work_queue.h"
#include "lamina/kubernetes.h"

namespace lamina {
namespace {

constexpr kube::BackOff kBackOff{.first = std::chrono::seconds{1}, .longest = std::chrono::minutes{5}};

class Changes {
 public:
  Changes(Cluster::Impl& cluster, const kube::ResourceType& type, const ChangeOptions& options)
      : options_(options),
        queue_(cluster.monotonic_clock, kBackOff),
        informer_(*cluster.api, type, cluster.random,
                  {.namespace_name = options.namespace_name,
                   .label_selector = options.label_selector,
                   .field_selector = {}}) {
    informer_.on_change([this](kube::ChangeKind change, const kube::Object*, const kube::Object& now) {
      std::string key = now.key.to_string();
      {
        const std::lock_guard lock(mutex_);
        if (change == kube::ChangeKind::kDeleted) {
          gone_.insert_or_assign(key, now);
        } else {
          gone_.erase(key);
        }
      }
      queue_.add(std::move(key));
    });
    if (options.on_error) {
      informer_.on_trouble([this](const Error* error) {
        if (error != nullptr) options_.on_error(nullptr, *error);
      });
    }
  }

  void run(const std::function<Result<void>(const ClusterObject&)>& on_change, const std::stop_token& stop) {
    informer_.start();
    while (const auto key = queue_.take(stop)) {
      if (const auto changed = find(*key)) handle(*key, *changed, on_change);
      queue_.done(*key);
    }
    informer_.stop();
  }

 private:
  void handle(const std::string& key, const ClusterObject& changed,
              const std::function<Result<void>(const ClusterObject&)>& on_change) {
    const auto handled = on_change(changed);
    if (!handled) {
      if (options_.on_error) options_.on_error(&changed.id, handled.error());
      queue_.add_failed(key);
      return;
    }
    queue_.forget(key);
    if (!changed.deleted) return;
    const std::lock_guard lock(mutex_);
    const auto found = gone_.find(key);
    if (found != gone_.end() && found->second.uid == changed.id.uid) gone_.erase(found);
  }

  /// Nothing where its end was handled already.
  std::optional<ClusterObject> find(const std::string& key) {
    const auto slash = key.find('/');
    const kube::ObjectKey name = slash == std::string::npos
                                     ? kube::ObjectKey{.namespace_name = {}, .name = key}
                                     : kube::ObjectKey{key.substr(0, slash), key.substr(slash + 1)};
    if (const auto live = informer_.get(name)) return changed(*live, false);
    const std::lock_guard lock(mutex_);
    const auto found = gone_.find(key);
    return found != gone_.end() ? std::optional(changed(found->second, true)) : std::nullopt;
  }

  ClusterObject changed(const kube::Object& object, bool deleted) const {
    return {.id = cluster::id_of(informer_.type(), object), .deleted = deleted, .json = object.json};
  }

  const ChangeOptions& options_;
  kube::WorkQueue queue_;
  std::mutex mutex_;
  std::map<std::string, kube::Object> gone_;  // Their last state, until it was handled. Guarded by mutex_.
  kube::Informer informer_;
};

}  // namespace

Result<void> Cluster::for_each_change(std::string_view kind, const ChangeOptions& options,
                                      const std::function<Result<void>(const ClusterObject&)>& on_change,
                                      const std::stop_token& stop) {
  LAMINA_ASSIGN(const kube::ResourceType type, impl_->api->resolve_type(kind));
  Changes(*impl_, type, options).run(on_change, stop);
  return {};
}

}  // namespace lamina
