// SPDX-License-Identifier: Apache-2.0
#include "cluster/kinds.h"

namespace lamina::cluster {
namespace {

kube::ResourceType type(std::string_view group, std::string_view version, std::string_view plural,
                        std::string_view kind) {
  return {.group = std::string(group),
          .version = std::string(version),
          .plural = std::string(plural),
          .kind = std::string(kind)};
}

}  // namespace

kube::ResourceType oci_artifact_type() {
  return type(kLaminaGroup, "v1alpha1", "ociartifacts", "OCIArtifact");
}
kube::ResourceType snapshot_type() { return type(kSnapshotGroup, "v1alpha1", "snapshots", "Snapshot"); }
kube::ResourceType artifact_type() { return type(kArtifactGroup, "v1alpha1", "artifacts", "Artifact"); }
kube::ResourceType external_artifact_type() {
  return type(kFluxSourceGroup, "v1", "externalartifacts", "ExternalArtifact");
}

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

}  // namespace lamina::cluster
