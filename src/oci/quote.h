// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lamina::oci {

/// Foreign text for an error message: in quotes, cut at `limit` bytes, bytes outside of printable ASCII as
/// \xHH.
std::string quote(std::string_view text, std::size_t limit = 80);

}  // namespace lamina::oci
