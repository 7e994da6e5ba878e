// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/random.h"
#include "kube/api.h"
#include "kube/cache.h"
#include "kube/watch.h"

namespace lamina::kube {

struct InformerOptions {
  std::string namespace_name;  ///< Empty: all namespaces.
  std::string label_selector;
  std::string field_selector;
  /// What the cache keeps of an object; null: all of its JSON. What is not kept costs no memory. May return
  /// an empty json.
  std::function<std::string(const Object&)> keep;
  bool watch_list = true;  ///< Try WatchList first; falls back to list and watch.
  WatchTiming timing;
};

/// Keeps a copy of all objects of one type up to date: list, then watch, again after every interruption.
/// Shared by all who need the type. Thread-safe.
class Informer {
 public:
  /// Called for each change after the cache holds it, on the informer's thread, in the order of the server;
  /// must be quick. `before` is what the cache held; null for kAdded. For kDeleted `now` is the last state.
  /// Both are what is kept of the object.
  using Handler = std::function<void(ChangeKind change, const Object* before, const Object& now)>;

  Informer(Api& api, ResourceType type, Random& random, InformerOptions options = {});
  ~Informer();
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  /// Before start() only.
  void on_change(Handler handler);
  /// Called with each failure of a list or watch that is tried again, and with null once it works again,
  /// which on a quiet type shows with the server's next bookmark, after about a minute.
  void on_trouble(std::function<void(const Error*)> handler);

  /// Starts the thread that lists and watches.
  void start();
  /// Ends it; what is cached stays. Not from a handler.
  void stop();

  /// Blocks until the first list is complete; false where `stop` came first.
  bool wait_for_sync(std::stop_token stop) const;
  bool synced() const;
  /// True where the server has no such type now (404): its CRD is missing, which says nothing about objects.
  bool type_missing() const;

  std::shared_ptr<const Object> get(const ObjectKey& key) const;
  std::vector<std::shared_ptr<const Object>> list() const;
  std::size_t size() const;
  const ResourceType& type() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lamina::kube
