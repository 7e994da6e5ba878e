// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/kubernetes_arguments.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct ResolveArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
  ObjectArguments object;
};

Result<Report> resolve_object(const ResolveArguments& arguments) {
  LAMINA_TRY(arguments.object.check(arguments.artifact));
  LAMINA_ASSIGN(Cluster cluster, arguments.object.kubernetes.connect());
  LAMINA_ASSIGN(const ObjectReference reference, cluster.resolve(*arguments.object.name));
  auto json = json_writer();
  write_reference(json, reference, arguments.remote.registry);
  return Report{.text = text_of(reference, arguments.remote.registry),
                .json = json.take(),
                .brief = location_of(reference, arguments.remote.registry) + '\n'};
}

Result<Report> run(const ResolveArguments& arguments, Context& context) {
  if (arguments.object.name) return resolve_object(arguments);
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
      .description =
          "Prints the digest of the manifest that the reference or identity names. Of an object in a "
          "Kubernetes cluster, prints where its artifact is, in whichever of the known forms the object "
          "refers "
          "to it: OCIArtifact, Snapshot, Artifact, status.ociArtifact, status.artifact, status.snapshotName, "
          "or "
          "an object that it owns.",
      .examples = {{"Of a tag", "lamina resolve charts/podinfo:6.7.0"},
                   {"Of an identity, with media type and size",
                    "lamina resolve -i component-name=podinfo -i component-version=6.7.0 -o json"},
                   {"Of an object", "lamina resolve OCIRepository/team-a/podinfo"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  arguments->object.declare(command);
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
