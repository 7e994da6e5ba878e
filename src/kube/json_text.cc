// SPDX-License-Identifier: Apache-2.0
#include "kube/json_text.h"

#include <algorithm>

#include "oci/json.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The position behind the string that begins at `at`; kNone where it does not end.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (std::size_t end = text.find('"', at + 1); end != kNone; end = text.find('"', end + 1)) {
    std::size_t escapes = 0;
    while (text[end - 1 - escapes] == '\\') ++escapes;
    if (escapes % 2 == 0) return end + 1;
  }
  return kNone;
}

/// The position behind the value that begins at `at`; kNone where it does not end.
std::size_t value_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = string_end(text, at);
        if (at == kNone) return kNone;
        break;
      case '{':
      case '[':
        ++depth;
        ++at;
        break;
      case '}':
      case ']':
        if (depth == 0) return at;  // Of whatever holds the value.
        --depth;
        ++at;
        break;
      default:
        if (depth == 0) return std::min(text.find_first_of(",]} \n\r\t", at), text.size());
        ++at;
        continue;
    }
    if (depth == 0) return at;
  }
  return kNone;
}

/// Reads one bracketed list, part by part.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) { skip_space(); }

  bool take(char expected) {
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    skip_space();
    return true;
  }
  std::optional<std::string_view> name() {
    if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
    const std::size_t end = string_end(text_, at_);
    if (end == kNone) return std::nullopt;
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 2);
    move_to(end);
    return name;
  }
  std::optional<std::string_view> value() {
    const std::size_t end = value_end(text_, at_);
    if (end == kNone || end == at_) return std::nullopt;
    const std::string_view value = text_.substr(at_, end - at_);
    move_to(end);
    return value;
  }
  bool at_end() const { return at_ == text_.size(); }
  std::unexpected<Error> fault(std::string_view expected) const {
    constexpr std::size_t kShown = 40;
    return fail(Code::kInvalid, "expected " + std::string(expected) + " at byte " + std::to_string(at_) +
                                    ", found " + oci::quote(text_.substr(at_, kShown)));
  }

 private:
  void move_to(std::size_t at) {
    at_ = at;
    skip_space();
  }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<TextMember>> members_of(std::string_view text) {
  Cursor cursor(text);
  std::vector<TextMember> members;
  if (!cursor.take('{')) return cursor.fault("a JSON object");
  bool more = !cursor.take('}');
  while (more) {
    const auto name = cursor.name();
    if (!name || !cursor.take(':')) return cursor.fault("a name and `:`");
    const auto value = cursor.value();
    if (!value) return cursor.fault("a JSON value");
    members.push_back({*name, *value});
    more = cursor.take(',');
    if (!more && !cursor.take('}')) return cursor.fault("`,` or `}`");
  }
  if (!cursor.at_end()) return cursor.fault("nothing more");
  return members;
}

Result<std::vector<std::string_view>> elements_of(std::string_view text) {
  Cursor cursor(text);
  std::vector<std::string_view> elements;
  if (!cursor.take('[')) return cursor.fault("a JSON array");
  bool more = !cursor.take(']');
  while (more) {
    const auto value = cursor.value();
    if (!value) return cursor.fault("a JSON value");
    elements.push_back(*value);
    more = cursor.take(',');
    if (!more && !cursor.take(']')) return cursor.fault("`,` or `]`");
  }
  if (!cursor.at_end()) return cursor.fault("nothing more");
  return elements;
}

std::string_view value_of(const std::vector<TextMember>& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &TextMember::name);
  return found == members.end() || found->value == "null" ? std::string_view() : found->value;
}

std::optional<std::string> string_of(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return std::nullopt;
  if (text.find('\\') == kNone) return std::string(text.substr(1, text.size() - 2));
  const auto json = oci::parse_json(text);
  const auto* string = json ? json->as<std::string>() : nullptr;
  return string == nullptr ? std::nullopt : std::optional(*string);
}

void append_compact(std::string& out, std::string_view text) {
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      at = std::min(string_end(text, at), text.size());
    } else if (is_space(text[at])) {
      out += text.substr(copied, at - copied);
      copied = ++at;
    } else {
      ++at;
    }
  }
  out += text.substr(copied);
}

}  // namespace lamina::kube
