// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "controller/content.h"
#include "kube/object.h"
#include "lamina/client.h"

namespace lamina::controller {

/// Tells the registry what objects hold (docs/api/holds.md). Thread-safe; blocks.
class Holds {
 public:
  virtual ~Holds() = default;
  /// What the object holds from now on; nothing releases it. Durable on return. Calls from several threads
  /// share requests. kArtifactNotFound where the registry does not
  /// have the first of them, which is what the object stands for.
  virtual std::expected<void, Trouble> hold(const kube::ResourceType& type, const kube::ObjectKey& key,
                                            const std::string& uid,
                                            const std::vector<HeldManifest>& manifests) = 0;
};

}  // namespace lamina::controller
