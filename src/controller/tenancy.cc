// SPDX-License-Identifier: Apache-2.0
#include "controller/tenancy.h"

#include <algorithm>
#include <utility>

#include "oci/repository_pattern.h"

namespace lamina::controller {

Result<Tenancy::Rule> Tenancy::parse_rule(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return fail(Code::kInvalid,
                "expected NAMESPACE=REPOSITORY, such as team-a=shared/** or *=sha-*, found '" +
                    std::string(text) + "'");
  }
  return Rule{.namespace_pattern = std::string(text.substr(0, equals)),
              .repository_pattern = std::string(text.substr(equals + 1))};
}

bool Tenancy::allows(std::string_view namespace_name, const RepositoryName& repository) const {
  const std::string_view name = repository.str();
  if (name.size() > namespace_name.size() && name.starts_with(namespace_name) &&
      name[namespace_name.size()] == '/') {
    return true;
  }
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    return oci::matches_repository(rule.namespace_pattern, namespace_name) &&
           oci::matches_repository(rule.repository_pattern, name);
  });
}

}  // namespace lamina::controller
