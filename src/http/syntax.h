// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lamina::http {

/// The character classes and lists that all of HTTP's grammar is made of (RFC 9110, section 5.6).

/// A letter of a method or field name: `tchar`.
bool is_token_char(char c);
/// One or more of them.
bool is_token(std::string_view text);
/// Text that may stand in a field value: no control characters but the tab.
bool is_field_value(std::string_view text);
/// The value of a hexadecimal digit, or -1.
int hex_value(char c);
/// ASCII only.
char to_lower(char c);
/// Equal without regard to the case of ASCII letters.
bool same_name(std::string_view a, std::string_view b);
/// Without spaces and tabs at either end.
std::string_view trim(std::string_view text);
/// Cuts the first element off `list`, a comma-separated list without quoted strings.
std::string_view next_element(std::string_view& list);

}  // namespace lamina::http
