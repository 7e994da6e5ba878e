// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/selector.h"

#include <optional>
#include <string>

#include "kube/testing/json_edit.h"

namespace lamina::kube::testing {
namespace {

JsonPath path_of(std::string_view dotted) {
  JsonPath path(1);
  for (const char c : dotted) {
    if (c == '.') {
      path.emplace_back();
    } else {
      path.back() += c;
    }
  }
  return path;
}

/// `value_of(name)` is a pointer to the value, or null.
template <class ValueOf>
bool holds(std::string_view term, ValueOf value_of) {
  if (const std::size_t at = term.find('='); at != std::string_view::npos) {
    const bool negative = at > 0 && term[at - 1] == '!';
    const bool twice = term.substr(at).starts_with("==");
    const std::string_view wanted = term.substr(at + (twice ? 2 : 1));
    const std::optional<std::string> value = value_of(term.substr(0, negative ? at - 1 : at));
    return (value && *value == wanted) != negative;
  }
  if (term.starts_with('!')) return !value_of(term.substr(1));
  return value_of(term).has_value();
}

template <class ValueOf>
bool all_hold(std::string_view selector, ValueOf value_of) {
  while (!selector.empty()) {
    const std::size_t comma = selector.find(',');
    if (!holds(selector.substr(0, comma), value_of)) return false;
    selector.remove_prefix(comma == std::string_view::npos ? selector.size() : comma + 1);
  }
  return true;
}

std::optional<std::string> text_of(const oci::Json* json) {
  const auto* text = json == nullptr ? nullptr : json->as<std::string>();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

}  // namespace

bool is_selected(const oci::Json& object, std::string_view label_selector, std::string_view field_selector) {
  return all_hold(label_selector,
                  [&](std::string_view name) {
                    return text_of(find_at(object, {"metadata", "labels", std::string(name)}));
                  }) &&
         all_hold(field_selector,
                  [&](std::string_view name) { return text_of(find_at(object, path_of(name))); });
}

}  // namespace lamina::kube::testing
