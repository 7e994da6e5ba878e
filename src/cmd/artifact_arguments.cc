// SPDX-License-Identifier: Apache-2.0
#include "cmd/artifact_arguments.h"

#include <fmt/format.h>

#include "lamina/client.h"

namespace lamina::cmd {

void IdentityArguments::declare(Command& command) {
  command.list("-i,--identity", "KEY=VALUE", pairs, "An entry of the artifact's identity");
  command.option("--scheme", "lamina|ocm-v1|ocm-v2", scheme, parse_naming_scheme,
                 "How a repository is named by an identity (default lamina)");
  command.option("--tenant", "NAME", tenant, "Prefix of a repository that is named by an identity");
}

Result<std::optional<Identity>> IdentityArguments::identity() const {
  if (pairs.empty()) return std::nullopt;
  LAMINA_ASSIGN(Identity parsed, parse_identity_pairs(pairs));
  LAMINA_TRY(validate(parsed));
  return parsed;
}

void ArtifactArguments::declare(Command& command) {
  command
      .argument("REFERENCE", reference, Reference::parse,
                "[REGISTRY/]REPOSITORY[:TAG][@DIGEST]; or use --identity")
      .required = false;
  identity.declare(command);
  command.option("-t,--tag", "TAG", tag, Tag::parse,
                 "With --identity: the tag (default: the version that the identity holds, else latest)");
}

Result<Reference> ArtifactArguments::resolve(const std::string& registry) const {
  if (reference.has_value() == !identity.pairs.empty()) {
    return fail(Code::kInvalid, "expected either REFERENCE or --identity KEY=VALUE...");
  }
  if (reference) {
    if (tag) return fail(Code::kInvalid, "--tag goes with --identity; write REPOSITORY:TAG instead");
    return *reference;
  }
  LAMINA_ASSIGN(const auto whole, identity.identity());
  return reference_of(registry, *whole, identity.scheme, identity.tenant, tag);
}

Error ArtifactArguments::explain(Error error, const Reference& resolved) const {
  const bool absent = error.code == Code::kNotFound &&
                      (error.about == About::kRepository || error.about == About::kManifest ||
                       error.about == About::kTag || error.about == About::kNothing);
  if (absent && !identity.pairs.empty()) {
    error.message = fmt::format(
        "there is no {}, where this identity points to as a whole; to search by a part of one: `lamina find "
        "{}`",
        resolved.to_string(), fmt::join(identity.pairs, " "));
  }
  return error;
}

}  // namespace lamina::cmd
