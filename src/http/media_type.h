// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/result.h"

namespace lamina::http {

/// The value of a Content-Type header: RFC 9110, section 8.3.1.
struct MediaType {
  std::string essence;  ///< `type/subtype` in lower case.
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The first parameter of this name, which compares without case.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

/// kInvalid where the value is none, or names a parameter twice.
Result<MediaType> parse_media_type(std::string_view text);

}  // namespace lamina::http
