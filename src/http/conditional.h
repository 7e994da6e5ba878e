// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "lamina/result.h"

namespace lamina::http {

/// Entity tags and the conditions made of them: RFC 9110, sections 8.8.3 and 13.1. All functions are pure.

struct EntityTag {
  std::string opaque;  ///< Without the quotes.
  bool weak = false;
  bool operator==(const EntityTag&) const = default;
};

/// `"x"` or `W/"x"`.
std::string to_string(const EntityTag& tag);

/// The value of If-Match or If-None-Match.
struct EntityTagList {
  bool any = false;  ///< `*`
  std::vector<EntityTag> tags;

  /// Whether the present representation is meant; `present` is absent where there is none. For If-Match:
  /// weak tags match nothing.
  bool matches_strongly(const std::optional<EntityTag>& present) const;
  /// The same for If-None-Match, where weakness is of no account.
  bool matches_weakly(const std::optional<EntityTag>& present) const;
};

/// One tag and nothing else, as in If-Range and ETag; kInvalid for anything else, dates too.
Result<EntityTag> parse_entity_tag(std::string_view text);
/// All fields of `name`, which form one list. Nothing where there is none; kInvalid where it is malformed.
Result<std::optional<EntityTagList>> parse_entity_tags(const Headers& headers, std::string_view name);

}  // namespace lamina::http
