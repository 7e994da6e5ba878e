// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/reference.h"
#include "lamina/result.h"

namespace lamina::controller {

/// Which repositories of Lamina's registry the objects of a namespace may name. Repositories below
/// `<namespace>/` always are that namespace's; everything else needs a rule. So nobody gets another tenant's
/// bytes exported by naming them.
class Tenancy {
 public:
  struct Rule {
    std::string namespace_pattern;   ///< `*` within a name.
    std::string repository_pattern;  ///< `*` within a segment, `**` across.
  };
  Tenancy() = default;
  explicit Tenancy(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  /// NAMESPACE-PATTERN=REPOSITORY-PATTERN, as options and settings carry a rule.
  static Result<Rule> parse_rule(std::string_view text);

  void add(Rule rule) { rules_.push_back(std::move(rule)); }
  bool allows(std::string_view namespace_name, const RepositoryName& repository) const;

 private:
  std::vector<Rule> rules_;
};

}  // namespace lamina::controller
