// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lamina::oci {

/// Does a repository name fit? `*` stands for any characters but '/', `**` for any at all.
bool matches_repository(std::string_view pattern, std::string_view name);

}  // namespace lamina::oci
