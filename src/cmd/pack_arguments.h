// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cmd/command.h"
#include "lamina/archive.h"

namespace lamina::cmd {

/// How a directory is packed.
struct PackArguments {
  std::vector<std::string> ignore;
  bool ignore_defaults = false;
  bool no_source_ignore = false;
  bool keep_modes = false;
  bool no_gzip = false;

  void declare(Command& command);
  PackOptions options() const;
};

}  // namespace lamina::cmd
