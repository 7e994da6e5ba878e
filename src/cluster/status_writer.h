// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "kube/api.h"
#include "lamina/kubernetes.h"

namespace lamina::cluster {

/// kInvalid for the kinds that have their own controllers: their status is not a producer's to write.
Result<void> check_holds_references(const kube::ResourceType& type);

/// Writes a reference to `artifact` into the status of `producer`, unless it is there as it would be written.
/// Returns whether it wrote. kUnsupported where the schema of the kind has no place for it.
Result<bool> write_reference(kube::Api& api, const kube::ResourceType& type, const kube::Object& producer,
                             const Published& artifact, const PublishOptions& options, StatusForm form,
                             UnixTime now);

/// Whether the object has everything that `wanted` would apply.
bool says_the_same(const std::string& live, const std::string& wanted);

}  // namespace lamina::cluster
