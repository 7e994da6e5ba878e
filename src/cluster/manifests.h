// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lamina/result.h"

namespace lamina::cluster {

/// The documents of a YAML stream, JSON being YAML too, as JSON texts; empty ones are left out. Plain scalars
/// are null, booleans and numbers as YAML 1.2's core schema reads them; what is quoted is a string. kInvalid
/// with line and column where it is no YAML; aliases that multiply are refused.
Result<std::vector<std::string>> read_documents(std::string_view text);

}  // namespace lamina::cluster
