// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/result.h"

/// Takes JSON text apart without building a tree of it: most of what an API server sends is handed on as it
/// came, and a page of a list has hundreds of thousands of values. Brackets, strings and separators are
/// checked, what is between them is not: that is for whoever reads the values.
namespace lamina::kube {

/// The parts are views into the text.
struct TextMember {
  std::string_view name;  ///< Without quotes, escapes as they stand.
  std::string_view value;
};

/// The members of the object that `text` is. kInvalid where it is none.
Result<std::vector<TextMember>> members_of(std::string_view text);
/// The elements of the array that `text` is.
Result<std::vector<std::string_view>> elements_of(std::string_view text);

/// The value of the first member with this name; empty where there is none or it is null.
std::string_view value_of(const std::vector<TextMember>& members, std::string_view name);

/// What the string `text` says; nothing where it is no string.
std::optional<std::string> string_of(std::string_view text);

/// Appends a value without the white space between its parts.
void append_compact(std::string& out, std::string_view text);

}  // namespace lamina::kube
