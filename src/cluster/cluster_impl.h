// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "kube/api.h"
#include "lamina/kubernetes.h"

namespace lamina {

/// The parts of a cluster, put together. Tests bring an API server of their own.
struct Cluster::Impl {
  Impl(std::unique_ptr<kube::Api> server, std::unique_ptr<Clock> time)
      : clock(std::move(time)), api(std::move(server)) {}

  Result<std::string> uid();
  Result<kube::Object> get(const kube::ResourceType& type, const ObjectName& name);
  /// `owner` with the uid that the server says, where it has none.
  Result<ObjectId> complete(ObjectId owner, std::string_view namespace_name);

  const std::unique_ptr<Clock> clock;
  const SystemMonotonicClock monotonic_clock;
  SystemRandom random;
  const std::unique_ptr<kube::Api> api;
  std::mutex mutex;
  std::string cluster_uid;  ///< Empty until it was asked for. Guarded by mutex.
};

namespace cluster {

/// What an object and those that it refers to say, and on which others that depends.
struct Sight {
  Result<ObjectReference> reference;
  std::string snapshot;  ///< The object leaves it to this Snapshot in its namespace.
  bool owned = false;    ///< It has no form of its own: what it owns counts.
};

/// Reads the object and follows it to the carrier of its reference. An error is about the object itself.
Result<Sight> look(kube::Api& api, const kube::ResourceType& type, const ObjectName& name);

/// The kinds whose objects count where an object that owns them has no reference itself.
std::vector<kube::ResourceType> owned_types();

ObjectId id_of(const kube::ResourceType& type, const kube::Object& object);

/// The type of a document by its apiVersion and kind.
Result<kube::ResourceType> type_of(kube::Api& api, const ObjectId& id);

}  // namespace cluster
}  // namespace lamina
