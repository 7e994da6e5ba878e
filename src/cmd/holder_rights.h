// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "controller/settings.h"
#include "kube/object.h"

namespace lamina::cmd {

/// What the API calls a kind of which only the name is known.
kube::ResourceType guessed_type(const controller::HolderKind& kind);

/// A ClusterRole with the rights that the controller needs to look after these kinds, and its binding to the
/// service account of deploy/, as YAML.
std::string holder_rights(const std::vector<kube::ResourceType>& types);

}  // namespace lamina::cmd
