// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "cmd/artifact_arguments.h"
#include "cmd/commands.h"
#include "cmd/kubernetes_arguments.h"
#include "cmd/quantity.h"
#include "cmd/remote_arguments.h"
#include "cmd/report.h"

namespace lamina::cmd {
namespace {

struct VerifyArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
  ObjectArguments object;
};

/// `manifest_of`: the repository of the manifest that was read; null where none was.
Report report(const VerifyArguments& arguments, const Verified& verified, const Reference* manifest_of,
              const ObjectReference* object) {
  auto json = json_writer();
  json.begin_object();
  std::string artifact;
  if (object != nullptr) {
    artifact = location_of(*object, arguments.remote.registry);
    write_object(json, "object", object->carrier);
  }
  if (manifest_of != nullptr) {
    const std::string& registry = arguments.remote.registry_of(*manifest_of);
    artifact = pinned(registry, manifest_of->repository, verified.manifest.digest);
    write_name(json, registry, manifest_of->repository, verified.manifest.digest);
    write_descriptor(json, "manifest", verified.manifest);
  }
  json.name("manifests").integer(verified.manifests);
  json.name("blobs").integer(verified.blobs);
  json.name("bytes").integer(verified.bytes);
  json.end_object();
  return Report{.text = rows({{"status", "verified"},
                              {"object", object != nullptr ? describe(object->carrier) : ""},
                              {"artifact", artifact},
                              {"manifests", std::to_string(verified.manifests)},
                              {"blobs", std::to_string(verified.blobs)},
                              {"read", format_size(verified.bytes)}}),
                .json = json.take(),
                .brief = ""};
}

Result<Report> verify_object(const VerifyArguments& arguments, Context& context) {
  LAMINA_TRY(arguments.object.check(arguments.artifact));
  LAMINA_ASSIGN(Cluster cluster, arguments.object.kubernetes.connect());
  LAMINA_ASSIGN(const ObjectReference reference, arguments.object.resolve(cluster));
  LAMINA_ASSIGN(Remote remote,
                Remote::open(arguments.remote, context, location_of(reference, arguments.remote.registry)));
  LAMINA_ASSIGN(const Verified verified, cluster.verify(reference, *remote));
  return report(arguments, verified, verified.manifests > 0 ? &*reference.oci : nullptr, &reference);
}

Result<Report> run(const VerifyArguments& arguments, Context& context) {
  if (arguments.object.name) return verify_object(arguments, context);
  LAMINA_ASSIGN(const Reference reference, arguments.artifact.resolve(arguments.remote.registry));
  LAMINA_ASSIGN(Remote remote, Remote::open(arguments.remote, context, reference.to_string()));
  const auto verified = remote->verify(reference);
  if (!verified) return std::unexpected(arguments.artifact.explain(verified.error(), reference));
  return report(arguments, *verified, &reference, nullptr);
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
                   {"An identity", "lamina verify -i component-name=podinfo -i component-version=6.7.0"},
                   {"What an object refers to", "lamina verify --for ociartifact/team-a/podinfo"}},
      .arguments = {},
      .options = {},
      .run = [arguments](Context& context) { return run(*arguments, context); }};
  arguments->artifact.declare(command);
  arguments->object.declare(command);
  arguments->object.declare_unready(command);
  arguments->remote.declare(command);
  return command;
}

}  // namespace lamina::cmd
