// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct LsArguments {
  RemoteArguments remote;
  std::string registry;
  std::uint64_t limit = 0;
};

Result<Report> run(const LsArguments& arguments, Context& context) {
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  const std::string& registry = arguments.registry.empty() ? arguments.remote.registry : arguments.registry;
  LAMINA_ASSIGN(const auto repositories, remote->repositories(registry, arguments.limit));
  Report report;
  auto json = json_writer();
  json.begin_object().name("registry").string(registry);
  json.name("repositories").begin_array();
  for (const RepositoryName& repository : repositories) {
    report.text += repository.str() + '\n';
    json.string(repository.str());
  }
  report.json = json.end_array().end_object().take();
  return report;
}

}  // namespace

Command ls_command() {
  const auto arguments = std::make_shared<LsArguments>();
  Command command{.name = "ls",
                  .summary = "List the repositories of a registry",
                  .description = "Prints the names of the repositories, one a line.",
                  .examples = {{"Of the default registry", "lamina ls"},
                               {"Of another", "lamina ls registry.example:5000 -n 20"}},
                  .arguments = {},
                  .options = {},
                  .run = [arguments](Context& context) { return run(*arguments, context); }};
  command.arguments.push_back({.name = "REGISTRY",
                               .help = "HOST[:PORT]; default: that of --registry",
                               .take = arguments->remote.take_registry(arguments->registry),
                               .required = false});
  command.option("-n,--limit", "N", arguments->limit, parse_count,
                 "At most so many; 0 is no limit (default 0)");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
