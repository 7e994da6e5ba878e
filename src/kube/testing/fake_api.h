// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/api.h"
#include "kube/discovery.h"
#include "kube/testing/apply.h"

namespace lamina::kube::testing {

enum class Verb : std::uint8_t { kGet, kList, kWatch, kCreate, kUpdate, kPatch, kRemove, kResolve };

/// A call as the fake saw it.
struct Call {
  Verb verb = Verb::kGet;
  ResourceType type;
  ObjectKey key;  ///< Only the namespace for create, list and watch.
  std::string subresource;
  std::string json;  ///< What was sent.
  std::string field_manager;
  bool is_write() const {
    return verb == Verb::kCreate || verb == Verb::kUpdate || verb == Verb::kPatch || verb == Verb::kRemove;
  }
};

/// An API server in memory, with the rules that controllers depend on: resourceVersions and conflicts,
/// generation, the status subresource, finalizers, server-side apply (apply.h), watches with history,
/// bookmarks only to end initial events. It has no schemas, no rights and no garbage collector of its own.
/// Times are 2026-01-01T00:00:00Z. Thread-safe.
class FakeApi final : public Api {
 public:
  /// Calls about a type that was not added are kNotFound, as for a missing CRD.
  void add_type(const ResourceType& type, std::vector<std::string> short_names = {},
                bool status_subresource = true);
  /// As if the CRD went: its objects go, watches end, what is asked of it is kNotFound.
  void remove_type(const ResourceType& type);

  /// Stores the object as it is given, status too, as another client would: what is missing of uid,
  /// generation and creationTimestamp is filled in. Aborts the test where it has no name or the type is
  /// unknown.
  Object put(const ResourceType& type, std::string_view json);
  /// Removes it at once, finalizers or not. True where it was there.
  bool erase(const ResourceType& type, const ObjectKey& key);
  /// Removes what has ownerReferences and no owner left; returns how many.
  std::size_t collect_garbage();

  std::optional<Object> find(const ResourceType& type, const ObjectKey& key) const;
  std::vector<Object> all(const ResourceType& type) const;

  /// Asked before each call; an error is its answer. Runs on the caller's thread, without the lock: it may
  /// change the store, as another client would between two calls.
  void on_call(std::function<std::optional<Error>(const Call&)> hook);
  /// Watches in progress end as when the server's time is up, or fail with `error`.
  void break_watches(std::optional<Error> error = std::nullopt);
  /// Watches in progress get a line that they did not expect.
  void inject_line(const ResourceType& type, std::string line);
  /// Forgets all history: a watch from before now is kOutOfRange.
  void forget_history();
  /// Without it a watch with initial_events is kInvalid, as with servers before WatchList.
  void support_watch_list(bool supported);
  /// Blocks until `count` watches of the type are in progress.
  void wait_for_watches(const ResourceType& type, std::size_t count) const;

  std::vector<Call> calls() const;
  std::vector<Call> writes() const;
  void forget_calls();

  Result<Object> get(const ResourceType& type, const ObjectKey& key) override;
  Result<Page> list(const ResourceType& type, const ListOptions& options, std::string_view next) override;
  Result<void> watch(const ResourceType& type, const WatchOptions& options,
                     const std::function<Result<void>(std::string_view)>& on_line,
                     std::stop_token stop) override;
  Result<Object> create(const ResourceType& type, std::string_view namespace_name, std::string_view json,
                        const WriteOptions& options = {}) override;
  Result<Object> update(const ResourceType& type, const ObjectKey& key, std::string_view json,
                        const WriteOptions& options = {}) override;
  Result<Object> patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                       std::string_view json, const WriteOptions& options = {}) override;
  Result<void> remove(const ResourceType& type, const ObjectKey& key,
                      const DeleteOptions& options = {}) override;
  Result<ResourceType> resolve_type(std::string_view name) override;

 private:
  struct Stored {
    oci::Json json;
    std::vector<Applied> applied;
  };
  struct Served {
    DiscoveredType type;
    bool status_subresource = true;
    std::map<ObjectKey, Stored> objects;
  };
  struct Event {
    std::uint64_t version = 0;
    std::string type_name;  ///< Of Served.
    std::string kind;       ///< ADDED, ...; empty: `line` is complete.
    ObjectKey key;
    std::string before;  ///< The object before, for selectors; empty: none.
    std::string line;    ///< The object.
  };

  std::optional<Error> begin(const Call& call);
  Served* served(const ResourceType& type);
  const Served* served(const ResourceType& type) const;
  Result<Stored*> stored(const ResourceType& type, const ObjectKey& key);
  Result<Object> change(Served& in, const ObjectKey& key, oci::Json next, const WriteOptions& options,
                        std::optional<std::vector<Applied>> applied);
  Result<Object> insert(Served& in, oci::Json json, const WriteOptions& options,
                        std::vector<Applied> applied);
  Result<Object> apply(Served& in, const ObjectKey& key, const oci::Json& json, const WriteOptions& options);
  oci::Json stamped(Served& in, oci::Json json);
  void drop(Served& in, const ObjectKey& key);
  void publish(const Served& in, const ObjectKey& key, const char* kind, std::string before,
               const oci::Json& json);

  mutable std::mutex mutex_;  // Guards all below.
  mutable std::condition_variable_any changed_;
  std::map<std::string, Served> types_;  // By `plural.version.group`.
  std::uint64_t version_ = 100;
  std::uint64_t next_uid_ = 1;
  std::deque<Event> history_;
  std::uint64_t forgotten_ = 0;  // The newest version whose event is not in history_ any more.
  std::uint64_t breaks_ = 0;
  std::optional<Error> break_error_;
  std::map<std::string, std::size_t> watches_;
  bool watch_list_ = true;
  std::vector<Call> calls_;
  std::function<std::optional<Error>(const Call&)> hook_;
};

}  // namespace lamina::kube::testing
