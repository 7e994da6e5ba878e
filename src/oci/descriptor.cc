// SPDX-License-Identifier: Apache-2.0
#include "lamina/descriptor.h"

namespace lamina {

Descriptor empty_descriptor() {
  constexpr std::string_view kBytes = "{}";
  Descriptor descriptor;
  descriptor.media_type = media_type::kEmpty;
  descriptor.digest = Digest::of(kBytes);
  descriptor.size = kBytes.size();
  descriptor.data = kBytes;
  return descriptor;
}

bool is_non_distributable(std::string_view media_type) {
  return media_type.starts_with("application/vnd.oci.image.layer.nondistributable.v1.") ||
         media_type.starts_with("application/vnd.docker.image.rootfs.foreign.diff.");
}

}  // namespace lamina
