// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/context.h"

namespace lamina::cmd {

/// `lamina` with these arguments: does what they ask, prints the report or the error, returns the exit
/// status.
int run_program(const std::vector<std::string>& arguments, Context& context,
                const Surroundings& surroundings);

}  // namespace lamina::cmd
