// SPDX-License-Identifier: Apache-2.0
#include "cmd/version.h"

namespace lamina::cmd {

constinit const std::string_view kVersion = LAMINA_VERSION;

}  // namespace lamina::cmd
