// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "kube/discovery.h"
#include "kube/request.h"

namespace lamina::kube {

/// What types a server has: asked once, and again for a name that was not among the answers, since its CRD
/// may have come a moment ago. Thread-safe.
class TypeCatalog {
 public:
  /// The body of a successful answer.
  using Fetch = std::function<Result<std::string>(const Request&)>;
  explicit TypeCatalog(Fetch fetch) : fetch_(std::move(fetch)) {}

  /// As Api::resolve_type().
  Result<ResourceType> resolve(std::string_view name);

 private:
  Result<std::vector<DiscoveredType>> discover() const;
  Result<std::vector<DiscoveredType>> discover(const std::string& root) const;

  const Fetch fetch_;
  std::mutex mutex_;                   // Guards types_; not held while the server is asked.
  std::vector<DiscoveredType> types_;  // Empty: not asked yet.
};

}  // namespace lamina::kube
