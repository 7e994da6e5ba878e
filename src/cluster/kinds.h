// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "kube/object.h"

namespace lamina::cluster {

inline constexpr std::string_view kLaminaGroup = "lamina.dev";
inline constexpr std::string_view kSnapshotGroup = "delivery.ocm.software";
inline constexpr std::string_view kArtifactGroup = "openfluxcd.ocm.software";
inline constexpr std::string_view kFluxSourceGroup = "source.toolkit.fluxcd.io";

// The kinds that hold references, as their CRDs have them.
kube::ResourceType oci_artifact_type();
kube::ResourceType snapshot_type();
kube::ResourceType artifact_type();
kube::ResourceType external_artifact_type();

/// `group` of `group/version`; empty for `v1`.
std::string_view group_of(std::string_view api_version);

}  // namespace lamina::cluster
