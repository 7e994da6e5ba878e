// SPDX-License-Identifier: Apache-2.0
#include "http/headers.h"

#include <algorithm>

#include "http/syntax.h"

namespace lamina::http {

std::optional<std::string_view> Headers::find(std::string_view name) const {
  auto found = std::ranges::find_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
  if (found == fields_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [field, value] : fields_) {
    if (same_name(field, name)) values.emplace_back(value);
  }
  return values;
}

}  // namespace lamina::http
