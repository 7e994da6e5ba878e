// SPDX-License-Identifier: Apache-2.0
#include "http/conditional.h"

#include <algorithm>
#include <utility>

#include "http/syntax.h"

namespace lamina::http {

namespace {

bool is_tag_char(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

/// Cuts a tag off the front of `text`.
std::optional<EntityTag> take_tag(std::string_view& text) {
  EntityTag tag;
  auto rest = text;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  rest.remove_prefix(1);
  auto close = rest.find('"');
  if (close == std::string_view::npos) return std::nullopt;
  tag.opaque = rest.substr(0, close);
  if (!std::ranges::all_of(tag.opaque, is_tag_char)) return std::nullopt;
  text = rest.substr(close + 1);
  return tag;
}

/// Adds the tags of one field line; false where it is malformed.
bool take_list(std::string_view text, std::vector<EntityTag>& tags) {
  // A comma may stand inside a tag, so the list cannot be split first. Empty elements are allowed.
  for (bool separated = true;;) {
    text = trim(text);
    if (text.empty()) return true;
    if (text.starts_with(',')) {
      separated = true;
      text.remove_prefix(1);
      continue;
    }
    auto tag = separated ? take_tag(text) : std::nullopt;
    if (!tag) return false;
    tags.push_back(*std::move(tag));
    separated = false;
  }
}

}  // namespace

std::string to_string(const EntityTag& tag) { return (tag.weak ? "W/\"" : "\"") + tag.opaque + "\""; }

bool EntityTagList::matches_strongly(const std::optional<EntityTag>& present) const {
  if (!present) return false;
  if (any) return true;
  return !present->weak && std::ranges::find(tags, *present) != tags.end();
}

bool EntityTagList::matches_weakly(const std::optional<EntityTag>& present) const {
  if (!present) return false;
  return any ||
         std::ranges::any_of(tags, [&](const EntityTag& tag) { return tag.opaque == present->opaque; });
}

Result<EntityTag> parse_entity_tag(std::string_view text) {
  text = trim(text);
  auto tag = take_tag(text);
  if (!tag || !text.empty()) return fail(Code::kInvalid, "expected one entity tag in double quotes");
  return *std::move(tag);
}

Result<std::optional<EntityTagList>> parse_entity_tags(const Headers& headers, std::string_view name) {
  auto fields = headers.all(name);
  if (fields.empty()) return std::nullopt;
  EntityTagList list;
  if (fields.size() == 1 && trim(fields.front()) == "*") {
    list.any = true;
    return list;
  }
  bool well_formed = std::ranges::all_of(fields, [&](auto field) { return take_list(field, list.tags); });
  if (!well_formed || list.tags.empty()) {
    return fail(Code::kInvalid,
                std::string(name) + ": expected `*`, or entity tags in double quotes with commas between");
  }
  return list;
}

}  // namespace lamina::http
