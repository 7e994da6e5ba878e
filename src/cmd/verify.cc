// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct VerifyArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
};

Result<Report> run(const VerifyArguments& arguments, Context& context) {
  LAMINA_ASSIGN(const Reference reference, arguments.artifact.resolve(arguments.remote.registry));
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context, reference.to_string()));
  const auto result = remote->verify(reference);
  if (!result) return std::unexpected(arguments.artifact.explain(result.error(), reference));
  const Verified& verified = *result;
  const std::string& registry = arguments.remote.registry_of(reference);
  auto json = json_writer();
  json.begin_object();
  write_name(json, registry, reference.repository, verified.manifest.digest);
  write_descriptor(json, "manifest", verified.manifest);
  json.name("manifests").integer(verified.manifests);
  json.name("blobs").integer(verified.blobs);
  json.name("bytes").integer(verified.bytes);
  json.end_object();
  return Report{.text = rows({{"status", "verified"},
                              {"artifact", pinned(registry, reference.repository, verified.manifest.digest)},
                              {"manifests", std::to_string(verified.manifests)},
                              {"blobs", std::to_string(verified.blobs)},
                              {"read", format_size(verified.bytes)}}),
                .json = json.take(),
                .brief = ""};
}

}  // namespace

Command verify_command() {
  const auto arguments = std::make_shared<VerifyArguments>();
  Command command{
      .name = "verify",
      .summary = "Read an artifact and check every digest and size",
      .description =
          "Reads the manifest, its config and its layers, of an index all that it names, and "
          "checks each against its digest and size. Stores nothing. Exit status 4 where "
          "something is not right.",
      .examples = {{"A tag", "lamina verify charts/podinfo:6.7.0"},
                   {"An identity", "lamina verify -i component-name=podinfo -i component-version=6.7.0"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
