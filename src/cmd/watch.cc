// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct WatchArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
  std::chrono::seconds interval{30};
  bool once = false;
};

std::string line_of(const ChangeEvent& event, Format format) {
  if (format == Format::kText) {
    return fmt::format("{}/{}:{}@{}\n", event.registry, event.repository.str(), event.tag.str(),
                       event.digest->to_string());
  }
  auto json = json_writer();
  json.begin_object();
  write_name(json, event.registry, event.repository, *event.digest);
  json.name("tag").string(event.tag.str());
  return json.end_object().take() + '\n';
}

Result<Report> run(const WatchArguments& arguments, Context& context) {
  LAMINA_ASSIGN(const Reference reference, arguments.artifact.resolve(arguments.remote.registry));
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  Result<void> written;
  LAMINA_TRY(remote->watch(reference, {.interval = arguments.interval}, [&](const ChangeEvent& event) {
    if (!event.digest || (arguments.once && event.present)) return true;
    const std::string line = line_of(event, context.common.output);
    written = context.out.write(std::as_bytes(std::span(line)));
    return written && !arguments.once;
  }));
  LAMINA_TRY(written);
  return Report{};
}

}  // namespace

Command watch_command() {
  const auto arguments = std::make_shared<WatchArguments>();
  Command command{
      .name = "watch",
      .summary = "Print what a tag or a repository names, now and from then on",
      .description =
          "Prints a line for what the reference names now, and one for each new digest as soon as it is "
          "there: "
          "REGISTRY/REPOSITORY:TAG@DIGEST. Without a tag, all tags of the repository are watched. Waits for "
          "what "
          "does not exist yet, and goes on when the registry was away. Registries that are not Lamina are "
          "asked "
          "every --interval, and for a tag alone.",
      .examples =
          {{"Unpack each version as it comes",
            "lamina watch charts/podinfo:stable | while read -r reference; do lamina pull \"$reference\" "
            "--to \"$(mktemp -d)\"; done"},
           {"Wait for the next one", "lamina watch charts/podinfo:stable --once"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  command.flag("--once", arguments->once, "Leave out what is there now, print the next new digest, and end");
  command.option("--interval", "TIME", arguments->interval, parse_duration,
                 "Between two looks at a registry that is not Lamina (default 30s)");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
