// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamina::oci {

/// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
/// Inverse of to_base64(): nothing where `text` is not what that writes (white space, missing padding, other
/// alphabet, bits left over).
std::optional<std::string> from_base64(std::string_view text);

}  // namespace lamina::oci
