// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/blueprint.h"
#include "client/remote.h"

namespace lamina::client {

struct PublishAnswer {
  Digest digest;  ///< Of the manifest.
  std::string url;
  bool unchanged = false;
};

/// Lamina's one-request publish (docs/api): blob, manifest and tags, or nothing. `layer` may be sent again
/// after an answer that was lost. `boundary` must not occur in the layer.
Result<PublishAnswer> send_publish(Remote& remote, const RepositoryName& repository,
                                   const std::vector<Tag>& tags, const PushOptions& options,
                                   const Blueprint& blueprint, const std::optional<Measured>& known,
                                   Body& layer, const std::string& boundary);

}  // namespace lamina::client
