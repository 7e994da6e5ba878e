// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "controller/settings.h"
#include "kube/object.h"
#include "lamina/client.h"

/// Content that objects of other controllers refer to, read out of their JSON.
namespace lamina::controller {

struct Referred {
  struct Entry {
    HeldManifest manifest;
    /// The object says so much of the layer that it is to be verified; else the manifest's digest is all.
    bool verify = false;
    std::string layer_digest;
    std::int64_t layer_size = 0;
  };
  std::vector<Entry> contents;  ///< In Lamina's registry; what is elsewhere is nobody's business here.
  std::string malformed;        ///< What cannot be read, and why; empty: nothing.
  UnixTime created{};           ///< Of the object.
  std::string request;          ///< kRequestAnnotation
};

/// spec.url of an Artifact of openfluxcd, where it is an address of Lamina's own file face. What the
/// controller exports was verified already.
Referred read_artifact_url(const kube::Object& object, const Settings& settings);

/// status.ociArtifact {repository, digest}, and status.artifact {url} of Lamina's own file face. Only the
/// digest of the manifest binds: what else is said there is of other bytes for some producers.
Referred read_status(const kube::Object& object, const Settings& settings);

/// As a cache keeps it, and back.
std::string to_json(const Referred& referred);
Referred parse_referred(std::string_view json);

}  // namespace lamina::controller
