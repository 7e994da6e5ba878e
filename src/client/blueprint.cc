// SPDX-License-Identifier: Apache-2.0
#include "client/blueprint.h"

#include <utility>

#include "client/remote.h"
#include "oci/image_config.h"

namespace lamina {
namespace client {
namespace {

constexpr std::string_view kFluxConfig = "application/vnd.cncf.flux.config.v1+json";
constexpr std::string_view kFluxContent = "application/vnd.cncf.flux.content.v1";
constexpr std::string_view kHelmConfig = "application/vnd.cncf.helm.config.v1+json";
constexpr std::string_view kHelmChart = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
constexpr std::string_view kLayerTar = "application/vnd.oci.image.layer.v1.tar";
constexpr std::string_view kTitle = "org.opencontainers.image.title";

bool is_archive_name(const std::string& name) { return name.ends_with(".tgz") || name.ends_with(".tar.gz"); }

void draw_artifact(Blueprint& blueprint, const FileContent* file, const DirectoryContent* directory) {
  blueprint.config_type = media_type::kEmpty;
  blueprint.config = "{}";
  if (directory != nullptr) {
    const bool gzip = directory->pack.gzip;
    blueprint.layer_type = gzip ? media_type::kLayerTarGzip : kLayerTar;
    // Not the name of the directory: the same tree elsewhere is the same artifact. oras needs some name to
    // pull.
    blueprint.layer_annotations.emplace(kTitle, gzip ? "content.tar.gz" : "content.tar");
    return;
  }
  blueprint.layer_type = media_type::kOctetStream;
  if (file != nullptr) blueprint.layer_annotations.emplace(kTitle, file->path.filename().string());
}

void draw_flux(Blueprint& blueprint, const FileContent* file) {
  blueprint.order = FieldOrder::kGgcr;
  blueprint.config_type = kFluxConfig;
  blueprint.config = oci::go_image_config(std::nullopt);
  blueprint.layer_type = std::string(kFluxContent) + ".tar+gzip";
  if (file != nullptr && !is_archive_name(file->path.filename().string())) {
    blueprint.layer_type = std::string(kFluxContent) + file->path.extension().string();
  }
  // flux writes both, empty where they were not given.
  blueprint.annotations.try_emplace("org.opencontainers.image.source", "");
  blueprint.annotations.try_emplace("org.opencontainers.image.revision", "");
  if (blueprint.pack) {
    blueprint.pack->modes = PackModes::kKept;
    blueprint.pack->gzip = true;
  }
}

void draw_ocm_v1(Blueprint& blueprint, const PushOptions& options) {
  blueprint.order = FieldOrder::kGgcr;
  blueprint.manifest_type = media_type::kDockerManifest;
  blueprint.config_type = media_type::kDockerConfig;
  blueprint.layer_type = media_type::kLayerTarGzip;
  if (options.media_type == kHelmChart) {
    blueprint.manifest_type = media_type::kImageManifest;
    blueprint.config_type = kHelmConfig;
  }
  blueprint.regzip = true;
  blueprint.config_has_diff_id = !options.config;
  if (blueprint.pack) {
    blueprint.pack->modes = PackModes::kKept;
    blueprint.pack->gzip = false;
  }
}

}  // namespace

Result<Blueprint> draw_blueprint(const Content& content, const PushOptions& options) {
  const auto* file = std::get_if<FileContent>(&content);
  const auto* directory = std::get_if<DirectoryContent>(&content);
  Blueprint blueprint;
  blueprint.manifest_type = media_type::kImageManifest;
  blueprint.annotations = options.annotations;
  blueprint.subject = options.subject;
  if (directory != nullptr) blueprint.pack = directory->pack;

  switch (options.profile) {
    case Profile::kArtifact: draw_artifact(blueprint, file, directory); break;
    case Profile::kFlux: draw_flux(blueprint, file); break;
    case Profile::kHelm:
      if (directory != nullptr) {
        return fail(Code::kUnsupported,
                    "expected a packaged chart (.tgz) with profile helm, found the directory " +
                        directory->path.string() + "; run `helm package` on it first");
      }
      blueprint.config_type = kHelmConfig;
      blueprint.config = "{}";
      blueprint.layer_type = kHelmChart;
      break;
    case Profile::kOcmV1: draw_ocm_v1(blueprint, options); break;
    case Profile::kOcmV2:
      blueprint.config_type = media_type::kImageConfig;
      blueprint.config = "{}";
      blueprint.layer_type = media_type::kLayerTarGzip;
      break;
  }

  if (!options.media_type.empty()) blueprint.layer_type = options.media_type;
  if (!options.config_media_type.empty()) blueprint.config_type = options.config_media_type;
  if (options.config) blueprint.config = *options.config;
  blueprint.artifact_type = options.artifact_type;
  // image-spec: an empty config says nothing, so artifactType must.
  if (blueprint.artifact_type.empty() && blueprint.config_type == media_type::kEmpty) {
    blueprint.artifact_type = kDefaultArtifactType;
  }
  if (blueprint.config_type == media_type::kEmpty && blueprint.config != "{}") {
    return fail(Code::kInvalid, "a config of type " + std::string(media_type::kEmpty) +
                                    " holds nothing but {}; give the config a media type of its own");
  }
  for (const auto& [key, value] : options.layer_annotations)
    blueprint.layer_annotations.insert_or_assign(key, value);
  if (options.identity) {
    LAMINA_TRY(validate(*options.identity));
    blueprint.annotations.insert_or_assign(std::string(kIdentityAnnotation),
                                           canonical_json(*options.identity));
  }
  return blueprint;
}

Descriptor config_descriptor(const Blueprint& blueprint) {
  if (blueprint.config_type == media_type::kEmpty) return empty_descriptor();
  return describe(blueprint.config_type, Digest::of(blueprint.config), blueprint.config.size());
}

Descriptor layer_descriptor(const Blueprint& blueprint, const Digest& digest, std::uint64_t size) {
  Descriptor descriptor = describe(blueprint.layer_type, digest, size);
  descriptor.annotations = blueprint.layer_annotations;
  return descriptor;
}

std::string build_manifest(const Blueprint& blueprint, const Descriptor& layer) {
  Manifest manifest;
  manifest.media_type = blueprint.manifest_type;
  manifest.artifact_type = blueprint.artifact_type;
  manifest.config = config_descriptor(blueprint);
  manifest.layers = {layer};
  manifest.subject = blueprint.subject;
  manifest.annotations = blueprint.annotations;
  return serialize(manifest, blueprint.order);
}

}  // namespace client

Result<Profile> parse_profile(std::string_view text) {
  if (text == "artifact") return Profile::kArtifact;
  if (text == "flux") return Profile::kFlux;
  if (text == "helm") return Profile::kHelm;
  if (text == "ocm-v1") return Profile::kOcmV1;
  if (text == "ocm-v2") return Profile::kOcmV2;
  return fail(Code::kInvalid, "expected artifact, flux, helm, ocm-v1 or ocm-v2 as profile, found '" +
                                  std::string(text) + "'");
}

}  // namespace lamina
