// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::cmd {

struct ExitStatus {
  int status;
  std::string_view meaning;
};

/// What lamina may exit with, in order; part of its interface.
std::span<const ExitStatus> exit_statuses();

/// Of a command that failed with `code`.
int exit_status(Code code);

/// The code as JSON output names it: `not-found`.
std::string code_name(Code code);

}  // namespace lamina::cmd
