// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct ResolveArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
};

Result<Report> run(const ResolveArguments& arguments, Context& context) {
  LAMINA_ASSIGN(const Reference reference, arguments.artifact.resolve(arguments.remote.registry));
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context));
  const auto resolved = remote->resolve(reference);
  if (!resolved) return std::unexpected(arguments.artifact.explain(resolved.error(), reference));
  const Descriptor& manifest = *resolved;
  auto json = json_writer();
  json.begin_object();
  write_name(json, arguments.remote.registry_of(reference), reference.repository, manifest.digest);
  write_descriptor(json, "manifest", manifest);
  json.end_object();
  return Report{.text = manifest.digest.to_string() + '\n', .json = json.take()};
}

}  // namespace

Command resolve_command() {
  const auto arguments = std::make_shared<ResolveArguments>();
  Command command{
      .name = "resolve",
      .summary = "Print the digest of what a reference names",
      .description = "Prints the digest of the manifest that the reference or identity names.",
      .examples = {{"Of a tag", "lamina resolve charts/podinfo:6.7.0"},
                   {"Of an identity, with media type and size",
                    "lamina resolve -i component-name=podinfo -i component-version=6.7.0 -o json"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
