// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/kubernetes_arguments.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct WatchArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
  ObjectArguments object;
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

std::string line_of(const ObjectReference& reference, const std::string& registry, Format format) {
  if (format == Format::kText) return location_of(reference, registry) + '\n';
  auto json = json_writer();
  write_reference(json, reference, registry);
  return json.take() + '\n';
}

/// Requests a stop soon after a signal was caught, which no condition can be waited on for.
std::jthread watch_for_signal(Context& context, const std::stop_source& stop) {
  return std::jthread([&context, stop](const std::stop_token& ended) mutable {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!ended.stop_requested() && context.caught_signal() == 0)
      never.wait_for(lock, ended, std::chrono::milliseconds(200), [] { return false; });
    stop.request_stop();
  });
}

Result<Report> watch_object(const WatchArguments& arguments, Context& context) {
  LAMINA_TRY(arguments.object.check(arguments.artifact));
  LAMINA_ASSIGN(Cluster cluster, arguments.object.kubernetes.connect());
  context.catch_signals();
  std::string present;
  if (arguments.once) {
    if (const auto now = cluster.resolve(*arguments.object.name); now && now->ready) present = now->version();
  }
  const std::stop_source stop;
  const std::jthread signals = watch_for_signal(context, stop);
  Result<void> written;
  LAMINA_TRY(cluster.watch(
      *arguments.object.name,
      [&](const ObjectReference& reference) {
        if (arguments.once && reference.version() == present) return true;
        const std::string line = line_of(reference, arguments.remote.registry, context.common.output);
        written = context.out.write(std::as_bytes(std::span(line)));
        return written && !arguments.once;
      },
      stop.get_token()));
  if (context.caught_signal() != 0) return fail(Code::kCancelled, "given up on request");
  LAMINA_TRY(written);
  return Report{};
}

Result<Report> run(const WatchArguments& arguments, Context& context) {
  if (arguments.object.name) return watch_object(arguments, context);
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
          "every --interval, and for a tag alone. Of an object in a Kubernetes cluster, prints where its "
          "artifact "
          "is, now and each time that it has become another one and is ready.",
      .examples =
          {{"Unpack each version as it comes",
            "lamina watch charts/podinfo:stable | while read -r reference; do lamina pull \"$reference\" "
            "--to \"$(mktemp -d)\"; done"},
           {"Wait for the next one", "lamina watch charts/podinfo:stable --once"},
           {"What an object refers to", "lamina watch OCIArtifact/team-a/podinfo"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  arguments->object.declare(command);
  command.flag("--once", arguments->once, "Leave out what is there now, print the next new digest, and end");
  command.option("--interval", "TIME", arguments->interval, parse_duration,
                 "Between two looks at a registry that is not Lamina (default 30s)");
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
