// SPDX-License-Identifier: Apache-2.0
// Identities as JSON: the canonical form is a fixed point.
#include "fuzz.h"
#include "lamina/identity.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  const auto identity = parse_identity(fuzz::text_of(data, size));
  if (!identity || !validate(*identity)) return 0;
  const std::string canonical = canonical_json(*identity);
  const auto again = parse_identity(canonical);
  fuzz::require(again.has_value() && *again == *identity, "an identity survives its canonical form");
  fuzz::require(repository_of(*identity).has_value(), "a valid identity has a repository");
  return 0;
}
