// SPDX-License-Identifier: Apache-2.0
// Names an artifact by what it is and asks for it, as a program that uses Lamina's library would. Nobody
// listens where it asks, and the library has to say so.
#include <lamina/client.h>
#include <lamina/identity.h>

#include <iostream>
#include <utility>

int main() {
  const lamina::Identity identity{{"component-name", "acme.org/podinfo"}, {"component-version", "6.7.0"}};
  const auto reference = lamina::reference_of("127.0.0.1:1", identity);
  if (!reference) {
    std::cerr << reference.error().message << '\n';
    return 1;
  }
  lamina::ClientOptions options;
  options.retries = 0;
  lamina::Client client(std::move(options));
  const auto resolved = client.resolve(*reference);
  if (resolved || resolved.error().code != lamina::Code::kUnavailable) {
    std::cerr << "expected that nobody answers at " << reference->to_string() << '\n';
    return 1;
  }
  std::cout << resolved.error().message << '\n';
}
