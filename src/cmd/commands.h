// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cmd/command.h"
#include "cmd/context.h"

namespace lamina::cmd {

// Each in the source of its name.
Command completion_command(const std::vector<Command>& commands);
Command controller_command();
Command copy_command();
Command find_command();
Command holders_command();
Command ls_command();
Command orphans_command();
Command pack_command();
Command publish_command();
Command pull_command();
Command push_command();
Command resolve_command();
Command rm_command();
Command serve_command();
Command tags_command();
Command verify_command();
Command version_command();
Command watch_command();

/// All of them, as `lamina --help` lists them. `commands` is filled; it and `common` outlive their use.
void add_commands(std::vector<Command>& commands, CommonOptions& common);

}  // namespace lamina::cmd
