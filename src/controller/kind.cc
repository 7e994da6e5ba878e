// SPDX-License-Identifier: Apache-2.0
#include "controller/kind.h"

#include <string_view>

namespace lamina::controller {
namespace {

/// The text after `"<annotation>":`, up to the end of its string; looked for without reading all of the JSON,
/// as this is asked of every change.
std::string_view request_in(std::string_view json) {
  const std::size_t found = json.find(kRequestAnnotation);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = json.substr(found + kRequestAnnotation.size());
  return rest.substr(0, rest.find_first_of(",}"));
}

}  // namespace

bool Kind::needs_look(const kube::Object& before, const kube::Object& now) const {
  return before.generation != now.generation || before.deleting != now.deleting || before.uid != now.uid ||
         request_in(before.json) != request_in(now.json);
}

}  // namespace lamina::controller
