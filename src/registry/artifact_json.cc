// SPDX-License-Identifier: Apache-2.0
#include "registry/artifact_json.h"

#include "http/target.h"
#include "oci/file_name.h"

namespace lamina::registry {

std::string file_url(const Options& options, const RepositoryName& repository, const Digest& manifest,
                     const Descriptor& layer) {
  return options.advertise_url + "/files/" + repository.str() + '/' + manifest.to_string() + '/' +
         http::percent_encode(oci::file_name(layer));
}

void write_artifact(oci::JsonWriter& json, const Options& options, const ArtifactView& artifact) {
  json.begin_object();
  json.name("repository").string(artifact.repository.str());
  json.name("tags").begin_array();
  for (const auto& tag : artifact.tags) json.string(tag);
  json.end_array();
  json.name("digest").string(artifact.manifest.digest.to_string());
  json.name("size").integer(artifact.manifest.size);
  json.name("mediaType").string(artifact.manifest.media_type);
  if (!artifact.manifest.artifact_type.empty())
    json.name("artifactType").string(artifact.manifest.artifact_type);
  json.name("reference").string(artifact.repository.str() + '@' + artifact.manifest.digest.to_string());
  if (!artifact.identity.empty()) json.name("identity").raw(canonical_json(artifact.identity));
  if (artifact.layer) {
    json.name("layer").begin_object();
    json.name("mediaType").string(artifact.layer->media_type);
    json.name("digest").string(artifact.layer->digest.to_string());
    json.name("size").integer(artifact.layer->size);
    json.end_object();
    json.name("url").string(
        file_url(options, artifact.repository, artifact.manifest.digest, *artifact.layer));
  }
  json.end_object();
}

}  // namespace lamina::registry
