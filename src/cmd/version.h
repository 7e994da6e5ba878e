// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lamina::cmd {

/// Of this release; the build takes it from CMakeLists.txt.
extern const std::string_view kVersion;

}  // namespace lamina::cmd
