// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kube/object.h"
#include "lamina/result.h"

namespace lamina::kube {

/// A kind in one version of its group, with the names that discovery gives it.
struct DiscoveredType {
  ResourceType type;
  std::string singular;  ///< May be empty: the kind in lower case then.
  std::vector<std::string> short_names;
};

/// The types of an aggregated answer of /api or /apis (APIGroupDiscoveryList, apidiscovery.k8s.io/v2 or
/// v2beta1): groups in the server's order, the preferred version of each first. Subresources are left out.
Result<std::vector<DiscoveredType>> read_aggregated_discovery(std::string_view json);

/// `group/version` of an APIGroupList, or of the core group's APIVersions, in the same order: for servers
/// that do not aggregate (before 1.26).
Result<std::vector<std::string>> read_group_versions(std::string_view json);
/// The types of an APIResourceList.
Result<std::vector<DiscoveredType>> read_resource_list(std::string_view json);

/// What Api::resolve_type() promises about `name`, among `types`.
Result<ResourceType> match_type(std::span<const DiscoveredType> types, std::string_view name);

}  // namespace lamina::kube
