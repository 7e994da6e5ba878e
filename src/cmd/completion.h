// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "cmd/command.h"

namespace lamina::cmd {

// Scripts that make a shell complete the commands, their options, choices and files.
std::string bash_completion(std::span<const Command> commands);
std::string zsh_completion(std::span<const Command> commands);
std::string fish_completion(std::span<const Command> commands);

}  // namespace lamina::cmd
