// SPDX-License-Identifier: Apache-2.0
#include "store/holder.h"

#include <algorithm>
#include <cstdint>

namespace lamina::store {
namespace {

enum class Empty : std::uint8_t { kRefused, kAllowed };

Result<void> check(std::string_view part, const std::string& value, Empty empty) {
  constexpr std::size_t kLongest = 253;  // Of every name in Kubernetes.
  const auto fits = [](char c) { return c > ' ' && c < '\x7f' && c != '/'; };
  if (value.size() <= kLongest && std::ranges::all_of(value, fits) &&
      (empty == Empty::kAllowed || !value.empty())) {
    return {};
  }
  return fail(Code::kInvalid, std::string(part) + " of a holder: expected " +
                                  (empty == Empty::kAllowed ? "0" : "1") +
                                  " to 253 printable characters without '/', found " +
                                  std::to_string(value.size()) + " bytes");
}

}  // namespace

Result<void> validate(const Scope& scope) {
  LAMINA_TRY(check("cluster", scope.cluster, Empty::kRefused));
  LAMINA_TRY(check("group", scope.group, Empty::kAllowed));
  return check("kind", scope.kind, Empty::kRefused);
}

Result<void> validate(const Holder& holder) {
  LAMINA_TRY(validate(holder.scope));
  LAMINA_TRY(check("namespace", holder.namespace_name, Empty::kAllowed));
  return check("name", holder.name, Empty::kRefused);
}

Result<void> validate_uid(const std::string& uid) { return check("uid", uid, Empty::kAllowed); }

std::string to_string(const Holder& holder) {
  return holder.scope.cluster + '/' + holder.scope.group + '/' + holder.scope.kind + '/' +
         holder.namespace_name + '/' + holder.name;
}

Result<Holder> parse_holder(std::string_view text) {
  Holder holder;
  std::string_view rest = text;
  for (std::string* part :
       {&holder.scope.cluster, &holder.scope.group, &holder.scope.kind, &holder.namespace_name}) {
    const std::size_t end = rest.find('/');
    if (end == std::string_view::npos) {
      return fail(Code::kInvalid,
                  "expected <cluster>/<group>/<kind>/<namespace>/<name>, found '" + std::string(text) + "'");
    }
    *part = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  holder.name = rest;
  LAMINA_TRY(validate(holder));
  return holder;
}

}  // namespace lamina::store
