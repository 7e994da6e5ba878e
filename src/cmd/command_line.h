// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"
#include "cmd/context.h"

namespace lamina::cmd {

/// Where values come from that are not on the command line.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string&)> variable;
  std::function<Result<std::string>(const std::string&)> read_file;
};

/// Gives `command` the options that all have; they go to `common`, which outlives it.
void add_common_options(Command& command, CommonOptions& common);

/// Hands every option and argument to its target: what is on the command line, else in the environment, else
/// in the configuration file, which --config or LAMINA_CONFIG names. What is nowhere leaves its target alone.
/// True where the user asked for help instead. `arguments` begin behind the command's name. kInvalid names
/// the place of the fault.
Result<bool> parse_command_line(const Command& command, std::span<const std::string> arguments,
                                const CommonOptions& common, const Surroundings& surroundings);

/// Whether an error before or in parsing should be told as JSON.
bool wants_json(std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace lamina::cmd
