// SPDX-License-Identifier: Apache-2.0
#include "kube/type_catalog.h"

#include <iterator>
#include <utility>

namespace lamina::kube {
namespace {

void append(std::vector<DiscoveredType>& to, std::vector<DiscoveredType> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Result<ResourceType> TypeCatalog::resolve(std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    auto known = match_type(types_, name);
    if (known || known.error().code != Code::kNotFound) return known;
  }
  LAMINA_ASSIGN(std::vector<DiscoveredType> types, discover());
  auto match = match_type(types, name);
  const std::lock_guard lock(mutex_);
  types_ = std::move(types);
  return match;
}

Result<std::vector<DiscoveredType>> TypeCatalog::discover() const {
  LAMINA_ASSIGN(std::vector<DiscoveredType> types, discover("/api"));
  LAMINA_ASSIGN(std::vector<DiscoveredType> groups, discover("/apis"));
  append(types, std::move(groups));
  return types;
}

Result<std::vector<DiscoveredType>> TypeCatalog::discover(const std::string& root) const {
  LAMINA_ASSIGN(const std::string json, fetch_(discovery_request(root)));
  auto aggregated = read_aggregated_discovery(json);
  if (aggregated || aggregated.error().code != Code::kUnsupported) return aggregated;
  LAMINA_ASSIGN(const std::vector<std::string> versions, read_group_versions(json));
  std::vector<DiscoveredType> types;
  for (const std::string& version : versions) {
    std::string path = root;
    path += "/" + version;
    // The API of an extension server that is down says nothing of the others.
    const auto list = fetch_(discovery_request(std::move(path)));
    if (!list) continue;
    LAMINA_ASSIGN(auto resources, read_resource_list(*list));
    append(types, std::move(resources));
  }
  return types;
}

}  // namespace lamina::kube
