// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lamina/descriptor.h"

namespace lamina::oci {

/// What a layer is called as a file: its title where that can be a file name, else `layer` with the extension
/// of its media type. The last part of its address at the file face, so client and server must agree.
std::string file_name(const Descriptor& layer);

}  // namespace lamina::oci
