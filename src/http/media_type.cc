// SPDX-License-Identifier: Apache-2.0
#include "http/media_type.h"

#include <algorithm>

#include "http/syntax.h"

namespace lamina::http {

namespace {

std::unexpected<Error> malformed() {
  return fail(Code::kInvalid, "expected a media type like `multipart/related; boundary=x`");
}

std::string_view take_token(std::string_view& text) {
  auto end = std::ranges::find_if_not(text, is_token_char);
  auto token = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(token.size());
  return token;
}

/// The inside of a quoted string; `text` begins with the quote.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\') ++i;  // The next character stands for itself.
    if (i == text.size()) break;
    if (!is_field_value(text.substr(i, 1))) break;
    value += text[i];
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> MediaType::parameter(std::string_view name) const {
  auto found =
      std::ranges::find_if(parameters, [&](const auto& pair) { return same_name(pair.first, name); });
  if (found == parameters.end()) return std::nullopt;
  return found->second;
}

Result<MediaType> parse_media_type(std::string_view text) {
  text = trim(text);
  auto whole = text;
  auto type = take_token(text);
  if (type.empty() || !text.starts_with('/')) return malformed();
  text.remove_prefix(1);
  auto subtype = take_token(text);
  if (subtype.empty()) return malformed();

  MediaType parsed{.essence = std::string(whole.substr(0, type.size() + 1 + subtype.size())),
                   .parameters = {}};
  std::ranges::transform(parsed.essence, parsed.essence.begin(), to_lower);
  while (!(text = trim(text)).empty()) {
    if (!text.starts_with(';')) return malformed();
    text = trim(text.substr(1));
    if (text.empty() || text.starts_with(';')) continue;
    auto name = take_token(text);
    if (name.empty() || !text.starts_with('=')) return malformed();
    text.remove_prefix(1);
    auto value = text.starts_with('"') ? take_quoted(text) : std::optional<std::string>(take_token(text));
    if (!value) return malformed();
    if (parsed.parameter(name)) return malformed();
    parsed.parameters.emplace_back(name, *std::move(value));
  }
  return parsed;
}

}  // namespace lamina::http
