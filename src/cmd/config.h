// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/setting.h"
#include "lamina/result.h"

namespace lamina::cmd {

/// What a configuration file says: its values as texts, checked for their kind; of a list every entry, of any
/// other setting one. By name of the setting.
using Config = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Reads one YAML document: sections, in each `name: value`. An empty one says nothing; a key without a value
/// counts as absent. kInvalid, with `file:line:column`, for what is not YAML, unknown keys, keys that come
/// twice, and values of the wrong kind.
Result<Config> parse_config(std::string_view yaml, std::string_view file);

}  // namespace lamina::cmd
