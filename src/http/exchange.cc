// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <algorithm>

namespace lamina::http {

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  auto found = std::ranges::find_if(query, [&](const auto& pair) { return pair.first == name; });
  if (found == query.end()) return std::nullopt;
  return found->second;
}

}  // namespace lamina::http
