// SPDX-License-Identifier: Apache-2.0
// A consumer: pulls what every ready OCIArtifact of a namespace refers to and applies the manifests in it,
// again whenever the content changes. Usage: apply-consumer NAMESPACE [REGISTRY]
#include <lamina/kubernetes.h>

#include "../program.h"

using namespace lamina;

Result<void> run(int argc, char** argv, std::stop_token stop) {
  if (argc < 2) return fail(Code::kInvalid, "usage: apply-consumer NAMESPACE [REGISTRY]");
  ClientOptions registry;
  if (argc > 2) registry.default_registry = argv[2];
  Client client(registry);
  LAMINA_ASSIGN(Cluster cluster, Cluster::connect());
  std::map<std::string, std::string> applied;  // What was applied last, by the name of the object.

  const auto apply = [&](const ClusterObject& object) -> Result<void> {
    if (object.deleted) return {};
    LAMINA_ASSIGN(const ObjectReference reference, cluster.resolve(object.id.object_name()));
    if (!reference.ready || applied[object.id.name] == reference.version()) return {};
    const example::TemporaryFolder folder;
    LAMINA_TRY(cluster.pull(reference, client, DirectoryDestination{folder.path, {}}));
    for (const auto& file : example::files_below(folder.path))
      LAMINA_TRY(cluster.apply(example::read_file(file), "apply-consumer", object.id.namespace_name));
    applied[object.id.name] = reference.version();
    example::log(object.id.name + ": applied " + reference.version());
    return {};
  };
  return cluster.for_each_change("ociartifacts.lamina.dev", {argv[1], "", example::log_error}, apply, stop);
}

int main(int argc, char** argv) { return example::run_until_signal(argc, argv, run); }
