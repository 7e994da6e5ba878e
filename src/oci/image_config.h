// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lamina/digest.h"

namespace lamina::oci {

/// The image config that go-containerregistry makes, byte for byte: for an image of one layer, whose
/// uncompressed bytes have the digest `diff_id`, or for one without layers (115 bytes). ocm-controller v1
/// pushes the former with the zero time; Flux's CLI the former with the time of `created` (RFC 3339) up to
/// go-containerregistry 0.21.5 and the latter since.
std::string go_image_config(const std::optional<Digest>& diff_id,
                            std::string_view created = "0001-01-01T00:00:00Z");

}  // namespace lamina::oci
