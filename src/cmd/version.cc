// SPDX-License-Identifier: Apache-2.0
#include "cmd/version.h"

#include <memory>

#include "cmd/commands.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct VersionArguments {
  RemoteArguments remote;
  bool server = false;
};

Result<Report> run(const VersionArguments& arguments, Context& context) {
  std::string server;
  if (arguments.server) {
    LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
    LAMINA_ASSIGN(server, remote->server_version(arguments.remote.registry));
    if (server.empty()) server = "not Lamina";
  }
  auto json = json_writer();
  json.begin_object().name("version").string(kVersion);
  if (!server.empty()) json.name("server").string(server);
  return Report{.text = rows({{"lamina", std::string(kVersion)}, {"server", server}}),
                .json = json.end_object().take()};
}

}  // namespace

Command version_command() {
  const auto arguments = std::make_shared<VersionArguments>();
  Command command{
      .name = "version",
      .summary = "Print the version of this program, and of a registry",
      .description = "Prints the version of lamina.",
      .examples = {{"Also that of the registry", "lamina version --server --registry registry.example:5000"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  command.flag("--server", arguments->server, "Ask the registry, too");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
