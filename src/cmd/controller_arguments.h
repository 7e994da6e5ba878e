// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cmd/command.h"
#include "cmd/controller.h"

namespace lamina::cmd {

/// The settings of sections `kubernetes` and `controller`, for `lamina controller` and `lamina serve`.
/// `options` outlives the command.
void declare_controller(Command& command, ControllerOptions& options);

}  // namespace lamina::cmd
