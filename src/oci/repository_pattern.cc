// SPDX-License-Identifier: Apache-2.0
#include "oci/repository_pattern.h"

namespace lamina::oci {

bool matches_repository(std::string_view pattern, std::string_view name) {
  while (!pattern.empty() && pattern.front() != '*') {
    if (name.empty() || name.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    name.remove_prefix(1);
  }
  if (pattern.empty()) return name.empty();
  const bool across = pattern.starts_with("**");
  pattern.remove_prefix(across ? 2 : 1);
  for (;;) {
    if (matches_repository(pattern, name)) return true;
    if (name.empty() || (!across && name.front() == '/')) return false;
    name.remove_prefix(1);
  }
}

}  // namespace lamina::oci
