// SPDX-License-Identifier: Apache-2.0
#include "registry/routes.h"

#include <optional>

namespace lamina::registry {
namespace {

constexpr std::string_view kName = "<name>";

/// Takes one segment off the end of both, binding a placeholder of the pattern.
bool match_segment(std::string_view& pattern, std::string_view& path, Route& route) {
  const std::string_view wanted = pattern.substr(pattern.rfind('/') + 1);
  const std::string_view found = path.substr(path.rfind('/') + 1);
  if (wanted == "<last>" || wanted == "<file>") {
    if (found.empty()) return false;
    if (wanted == "<last>") route.last = found;
  } else if (wanted != found) {
    return false;
  }
  pattern.remove_suffix(wanted.size() + 1);
  path.remove_suffix(found.size() + 1);
  return true;
}

/// From the end: what follows <name> has a fixed number of segments, <name> has not.
std::optional<Route> match(const EndpointRow& row, std::string_view path) {
  Route route{row.endpoint, {}, {}};
  std::string_view pattern = row.pattern;
  while (!pattern.empty() && !pattern.ends_with(kName)) {
    if (path.empty() || !match_segment(pattern, path, route)) return std::nullopt;
  }
  if (pattern.empty()) return path.empty() ? std::optional(route) : std::nullopt;
  pattern.remove_suffix(kName.size());
  if (!path.starts_with(pattern) || path.size() == pattern.size()) return std::nullopt;
  route.name = path.substr(pattern.size());
  return route;
}

std::string_view with_slash(std::string_view path) { return path == "/v2" ? "/v2/" : path; }

}  // namespace

Result<Route> route(std::string_view method, std::string_view path) {
  path = with_slash(path);
  if (method == "HEAD") method = "GET";
  bool known = false;
  for (const EndpointRow& row : kEndpoints) {
    auto found = match(row, path);
    if (!found) continue;
    if (row.method == method) return *std::move(found);
    known = true;
  }
  if (known) {
    return fail(Code::kUnsupported,
                "method " + std::string(method) + " is not offered for " + std::string(path));
  }
  return fail(Code::kNotFound, "no endpoint has the path " + std::string(path) + "; docs/api lists them");
}

std::string allowed_methods(std::string_view path, std::string_view refused) {
  std::string allowed;
  for (const EndpointRow& row : kEndpoints) {
    if (row.method == refused || !match(row, with_slash(path))) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += row.method == "GET" ? "GET, HEAD" : row.method;
  }
  return allowed;
}

}  // namespace lamina::registry
