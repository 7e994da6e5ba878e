// SPDX-License-Identifier: Apache-2.0
#include "oci/quote.h"

namespace lamina::oci {

std::string quote(std::string_view text, std::size_t limit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    }
  }
  out += text.size() > limit ? "...'" : "'";
  return out;
}

}  // namespace lamina::oci
