// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "lamina/result.h"

namespace lamina::cmd {

/// The words of `a|b|c`.
inline std::vector<std::string_view> choices_of(std::string_view choices) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto bar = choices.find('|');
    words.push_back(choices.substr(0, bar));
    if (bar == std::string_view::npos) return words;
    choices.remove_prefix(bar + 1);
  }
}

/// The place of `text` among `choices`; kInvalid where it is none of them.
inline Result<std::size_t> parse_choice(std::string_view choices, std::string_view text) {
  const auto words = choices_of(choices);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return i;
  }
  return fail(Code::kInvalid, fmt::format("expected one of {}, found '{}'", choices, text));
}

}  // namespace lamina::cmd
