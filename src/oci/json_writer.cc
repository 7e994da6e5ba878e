// SPDX-License-Identifier: Apache-2.0
#include "oci/json_writer.h"

#include <cstddef>

#include "oci/utf8.h"

namespace lamina::oci {
namespace {

/// The letter of a two-character escape, or 0.
constexpr char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\': return c;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool go = escapes == JsonEscapes::kGo;
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const char c = character.front();
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = short_escape(c); letter != 0) {
      out += '\\';
      out += letter;
    } else if (byte < 0x20 || (go && (c == '<' || c == '>' || c == '&'))) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    } else if (length == 0) {
      out += "\\ufffd";
    } else if (go && character == "\u2028") {
      out += "\\u2028";
    } else if (go && character == "\u2029") {
      out += "\\u2029";
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  out += '"';
}

}  // namespace lamina::oci
