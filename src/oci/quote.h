// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lamina::oci {

/// Foreign text for an error message: in quotes, cut at 80 bytes, bytes outside of printable ASCII as \xHH.
std::string quote(std::string_view text);

}  // namespace lamina::oci
