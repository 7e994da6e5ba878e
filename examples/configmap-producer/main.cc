// SPDX-License-Identifier: Apache-2.0
// A producer: every ConfigMap with the label publish=yes becomes an artifact of its files, under an
// OCIArtifact of its name, which goes when the ConfigMap goes. Usage: configmap-producer [REGISTRY]
#include <lamina/kubernetes.h>

#include "../program.h"

using namespace lamina;

Result<void> run(int argc, char** argv, std::stop_token stop) {
  ClientOptions registry;
  if (argc > 1) registry.default_registry = argv[1];
  Client client(registry);
  LAMINA_ASSIGN(Cluster cluster, Cluster::connect());

  const auto publish = [&](const ClusterObject& map) -> Result<void> {
    if (map.deleted) return {};  // Its OCIArtifact goes with it.
    const example::TemporaryFolder folder;
    for (const auto& [name, text] : map.map_at("data")) example::write_file(folder.path / name, text);
    PublishOptions options;
    options.push.identity = Identity{{"configmap", map.id.name}};
    ResourceOptions resource;
    resource.owner = map.id;
    LAMINA_ASSIGN(const PublishedObject published,
                  cluster.publish(client, map.id.namespace_name, map.id.name,
                                  DirectoryContent{folder.path, {}}, options, resource));
    example::log(map.id.name + (published.unchanged ? ": unchanged" : ": published"));
    return {};
  };
  return cluster.for_each_change("configmaps", {"", "publish=yes", example::log_error}, publish, stop);
}

int main(int argc, char** argv) { return example::run_until_signal(argc, argv, run); }
