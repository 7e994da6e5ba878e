// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace lamina::archive {

/// The piece in which bytes move through packing and unpacking.
inline constexpr std::size_t kBufferSize = std::size_t{64} << 10;

}  // namespace lamina::archive
