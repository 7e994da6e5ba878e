// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"

#include "cmd/command_line.h"

namespace lamina::cmd {

void add_commands(std::vector<Command>& commands, CommonOptions& common) {
  for (const auto make :
       {push_command, publish_command, find_command, resolve_command, pull_command, verify_command,
        copy_command, ls_command, tags_command, watch_command, rm_command, holders_command, orphans_command,
        pack_command, serve_command, controller_command, version_command}) {
    commands.push_back(make());
  }
  commands.push_back(completion_command(commands));
  for (Command& command : commands) add_common_options(command, common);
}

}  // namespace lamina::cmd
