// SPDX-License-Identifier: Apache-2.0
// Names an artifact by what it is, as a program that uses Lamina's library would.
#include <lamina/digest.h>
#include <lamina/identity.h>
#include <lamina/reference.h>

#include <iostream>

int main() {
  const lamina::Identity identity{{"component-name", "acme.org/podinfo"}, {"component-version", "6.7.0"}};
  const lamina::Result<lamina::RepositoryName> repository = lamina::repository_of(identity);
  if (!repository) {
    std::cerr << repository.error().message << '\n';
    return 1;
  }
  const bool expected = repository->str() == "sha256-" + lamina::identity_digest(identity).hex();
  std::cout << repository->str() << '\n';
  return expected ? 0 : 1;
}
