// SPDX-License-Identifier: Apache-2.0
#include "cmd/pack_arguments.h"

namespace lamina::cmd {

void PackArguments::declare(Command& command) {
  command.list("--ignore", "PATTERN", ignore, "Leave out of a directory what matches, as in .gitignore");
  command.flag(
      "--ignore-defaults", ignore_defaults,
      "Leave out what Flux does: version control; pictures, archives and CI files where no pattern is given");
  command.flag("--no-source-ignore", no_source_ignore, "Do not read .sourceignore files");
  command.flag("--keep-modes", keep_modes, "Keep the permissions of files instead of normalising them");
  command.flag("--no-gzip", no_gzip, "Pack as plain tar");
}

PackOptions PackArguments::options() const {
  return {
      .modes = keep_modes ? PackModes::kKept : PackModes::kNormalised,
      .gzip = !no_gzip,
      .ignore = {
          .flux_defaults = ignore_defaults, .source_ignore_files = !no_source_ignore, .patterns = ignore}};
}

}  // namespace lamina::cmd
