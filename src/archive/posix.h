// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::archive {

/// "<action>: <text of errno>", with the code that tells the caller what to do.
std::unexpected<Error> fail_errno(int error, const std::string& action);

/// `name` in single quotes, control characters as \xNN: names come from archives of strangers and end up on
/// terminals.
std::string printable(std::string_view name);

}  // namespace lamina::archive
