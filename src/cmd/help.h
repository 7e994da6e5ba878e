// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "cmd/command.h"

namespace lamina::cmd {

/// `lamina --help`.
std::string program_help(std::span<const Command> commands);
/// `lamina <command> --help`: a manual page in short.
std::string command_help(const Command& command);

}  // namespace lamina::cmd
