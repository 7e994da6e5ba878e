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
  LAMINA_ASSIGN(const Descriptor manifest, remote->resolve(reference));
  const std::string& registry = reference.registry.empty() ? arguments.remote.registry : reference.registry;
  auto json = json_writer();
  json.begin_object();
  json.name("registry").string(registry);
  json.name("repository").string(reference.repository.str());
  json.name("reference").string(pinned(registry, reference.repository, manifest.digest));
  json.name("digest").string(manifest.digest.to_string());
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
