// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace lamina::oci {

/// Bytes of the first character of `text`, which is not empty: 1 to 4, or 0 where it is not well-formed UTF-8
/// (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace lamina::oci
