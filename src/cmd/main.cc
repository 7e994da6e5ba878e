// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cmd/serve.h"

int main(int argc, char** argv) {
  CLI::App app("Lamina: publish blobs as OCI artifacts, find them by identity, pull and verify them");
  app.require_subcommand(1);
  lamina::cmd::ServeOptions serve;
  std::string address = "127.0.0.1:5000";
  auto* command = app.add_subcommand("serve", "Run the registry");
  command->add_option("--addr", address, "HOST:PORT to listen on; port 0 lets the system choose");
  command->add_option("--data", serve.data, "Folder of the embedded store");
  command->add_option("--advertise-url", serve.advertise_url, "Base of absolute URLs in answers");
  command->add_option("--accept-sparse", serve.accept_sparse, "Repositories whose manifests may name absent content");
  CLI11_PARSE(app, argc, argv);
  const auto colon = address.rfind(':');
  serve.address = address.substr(0, colon);
  serve.port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
  const auto served = lamina::cmd::serve(serve);
  if (served) return 0;
  fmt::print(stderr, "lamina: {}\n", served.error().message);
  return 1;
}
