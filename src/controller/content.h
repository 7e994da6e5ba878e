// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "controller/conditions.h"
#include "lamina/descriptor.h"
#include "lamina/digest.h"
#include "lamina/reference.h"

namespace lamina::controller {

/// A registry that the user brings along: host and the Secrets for it, by name in the object's namespace.
struct RegistryAccess {
  std::string host;
  bool plain_http = false;
  std::string credentials_secret;  ///< kubernetes.io/dockerconfigjson; empty: none.
  std::string tls_secret;          ///< ca.crt, tls.crt, tls.key; empty: none.
  bool operator==(const RegistryAccess&) const = default;
};

/// What an object says about its content. What is absent is not checked.
struct Expected {
  std::optional<Digest> layer_digest;
  std::optional<std::uint64_t> layer_size;
  std::string layer_media_type;
};

/// Content that was seen: the manifest has its digest, the layer too, byte by byte.
struct Content {
  Descriptor manifest;
  Descriptor layer;
  Annotations annotations;  ///< Of the manifest.
};

/// Why content could not be seen.
struct Trouble {
  Reason reason = Reason::kRegistryUnavailable;
  std::string message;                      ///< What was expected, what was found.
  std::chrono::milliseconds retry_after{};  ///< As the registry asked; 0: no wish.
};

/// Looks at content in registries. Thread-safe; blocks.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// Reads manifest and layer and checks both, against their digests and against `expected`. `access` null:
  /// Lamina's own registry; its Secrets are read from `namespace_name` at each call.
  virtual std::expected<Content, Trouble> look(const Reference& reference, const Expected& expected,
                                               const RegistryAccess* access,
                                               const std::string& namespace_name) = 0;
  /// The manifest that a tag of Lamina's registry names now; nothing of it is read.
  virtual std::expected<Digest, Trouble> resolve(const Reference& reference) = 0;
  /// Deletes a manifest of Lamina's registry; one that is not there counts as deleted.
  virtual std::expected<void, Trouble> remove(const Reference& reference) = 0;
};

}  // namespace lamina::controller
