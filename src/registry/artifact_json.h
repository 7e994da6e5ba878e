// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lamina/descriptor.h"
#include "lamina/identity.h"
#include "oci/json_writer.h"
#include "registry/call.h"

namespace lamina::registry {

/// An artifact as publish and search answer it: all that a status or a resource needs to carry.
struct ArtifactView {
  const RepositoryName& repository;
  const Descriptor& manifest;
  const std::vector<std::string>& tags;
  const Identity& identity;
  const std::optional<Descriptor>& layer;
};
void write_artifact(oci::JsonWriter& json, const Options& options, const ArtifactView& artifact);

/// The immutable address of the artifact's layer at the file face: absolute where an advertised URL is set.
std::string file_url(const Options& options, const RepositoryName& repository, const Digest& manifest,
                     const Descriptor& layer);

}  // namespace lamina::registry
