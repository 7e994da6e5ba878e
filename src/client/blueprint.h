// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lamina/client.h"

namespace lamina::client {

/// Everything about a manifest that is known before its layer is.
struct Blueprint {
  std::string manifest_type;
  std::string artifact_type;
  std::string config_type;
  std::string config;  ///< Bytes; replaced by an image config where config_has_diff_id.
  std::string layer_type;
  FieldOrder order = FieldOrder::kOras;
  /// ocm-controller v1: content is decompressed, gzipped anew, and its raw digest is written into the config.
  bool regzip = false;
  bool config_has_diff_id = false;
  Annotations annotations;  ///< With the identity.
  Annotations layer_annotations;
  std::optional<Descriptor> subject;
  std::optional<PackOptions> pack;  ///< Of a directory, as the profile wants it.
};

/// What the profile and the options make of `content`. kInvalid and kUnsupported for combinations that
/// have no meaning.
Result<Blueprint> draw_blueprint(const Content& content, const PushOptions& options);

Descriptor config_descriptor(const Blueprint& blueprint);
Descriptor layer_descriptor(const Blueprint& blueprint, const Digest& digest, std::uint64_t size);
/// The bytes of the manifest.
std::string build_manifest(const Blueprint& blueprint, const Descriptor& layer);

}  // namespace lamina::client
