// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "lamina/identity.h"
#include "lamina/reference.h"

namespace lamina::cmd {

/// An identity, and how a repository's name follows from it.
struct IdentityArguments {
  std::vector<std::string> pairs;
  NamingScheme scheme = NamingScheme::kLamina;
  std::string tenant;

  /// --identity, --scheme and --tenant.
  void declare(Command& command);
  /// Nothing where no pair was given.
  Result<std::optional<Identity>> identity() const;
};

/// One artifact, named by a reference or by its whole identity.
struct ArtifactArguments {
  std::optional<Reference> reference;
  IdentityArguments identity;
  std::optional<Tag> tag;

  /// The argument REFERENCE and the options.
  void declare(Command& command);
  /// kInvalid where neither or both were given.
  Result<Reference> resolve(const std::string& registry) const;
  /// Says of an artifact that is not there by what identity it was looked for.
  Error explain(Error error, const Reference& resolved) const;
};

}  // namespace lamina::cmd
