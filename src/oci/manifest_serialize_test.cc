// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "lamina/manifest.h"
#include "oci/image_config.h"
#include "oci/testing/vectors.h"

namespace lamina {
namespace {

using oci::testing::kManifestVectors;

constexpr std::string_view kFluxConfig = "application/vnd.cncf.flux.config.v1+json";
constexpr std::string_view kFluxLayer = "application/vnd.cncf.flux.content.v1.tar+gzip";
constexpr std::string_view kExample = "application/vnd.example+type";
const Digest kHello = Digest::of("hello\n");

Descriptor descriptor(std::string_view type, std::string_view bytes) {
  Descriptor out;
  out.media_type = type;
  out.digest = Digest::of(bytes);
  out.size = bytes.size();
  return out;
}

Manifest image(std::string_view type, Descriptor config, std::vector<Descriptor> layers) {
  Manifest out;
  out.media_type = type;
  out.config = std::move(config);
  out.layers = std::move(layers);
  return out;
}

std::string_view vector(std::string_view name) {
  for (const auto& entry : kManifestVectors) {
    if (entry.name == name) return entry.manifest;
  }
  ADD_FAILURE() << "no vector " << name;
  return {};
}

TEST(ManifestSerialize, IsTheInverseOfParseOnEveryVector) {
  for (const auto& entry : kManifestVectors) {
    ASSERT_EQ(Digest::of(entry.manifest).to_string(), entry.digest) << entry.name;
    for (const std::string_view type : {std::string_view(), std::string_view("as stated")}) {
      auto manifest = parse_manifest(entry.manifest, "");
      ASSERT_TRUE(manifest) << entry.name << ": " << manifest.error().message;
      if (!type.empty()) manifest = parse_manifest(entry.manifest, manifest->media_type);
      ASSERT_TRUE(manifest) << entry.name << ": " << manifest.error().message;
      EXPECT_EQ(serialize(*manifest, entry.order), entry.manifest) << entry.name;
      EXPECT_EQ(manifest->config->digest, Digest::of(entry.config)) << entry.name;
      EXPECT_EQ(manifest->config->size, entry.config.size()) << entry.name;
    }
  }
}

TEST(ManifestSerialize, EmptyImageOfGoContainerRegistry) {
  const Manifest manifest =
      image(media_type::kDockerManifest,
            descriptor(media_type::kDockerConfig, oci::go_image_config(std::nullopt)), {});
  EXPECT_EQ(serialize(manifest, FieldOrder::kGgcr), vector("go-containerregistry 0.14 empty"));
}

TEST(ManifestSerialize, OcmControllerV1) {
  Descriptor layer;
  layer.media_type = media_type::kLayerTarGzip;
  layer.digest = *Digest::parse("sha256:8d32a8a939a5dad485b09f4ea25a2a9541fdef13674b2df3354e1e16361974a2");
  layer.size = 34;
  const std::string config = oci::go_image_config(kHello);
  const Manifest manifest =
      image(media_type::kDockerManifest, descriptor(media_type::kDockerConfig, config), {layer});
  EXPECT_EQ(serialize(manifest, FieldOrder::kGgcr),
            vector("go-containerregistry 0.14 v1 stream hello default mt"));

  layer.media_type = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
  const Manifest chart = image(media_type::kImageManifest,
                               descriptor("application/vnd.cncf.helm.config.v1+json", config), {layer});
  EXPECT_EQ(serialize(chart, FieldOrder::kGgcr), vector("go-containerregistry 0.14 v1 helm hello"));
}

TEST(ManifestSerialize, OcmK8sToolkitV2) {
  const Manifest manifest = image(media_type::kImageManifest, descriptor(media_type::kImageConfig, "{}"),
                                  {descriptor(media_type::kLayerTarGzip, "hello\n")});
  EXPECT_EQ(serialize(manifest, FieldOrder::kOras), vector("oras v2 layer 5891b5b522d5df086d0ff"));
}

TEST(ManifestSerialize, FluxPush) {
  const std::string created = "2024-01-02T03:04:05Z";
  Manifest manifest =
      image(media_type::kImageManifest, descriptor(kFluxConfig, oci::go_image_config(std::nullopt)),
            {descriptor(kFluxLayer, "hello\n")});
  manifest.annotations = {{"org.opencontainers.image.created", created},
                          {"org.opencontainers.image.source", "https://github.com/acme/app"},
                          {"org.opencontainers.image.revision", "main@sha1:" + std::string(40, '0')}};
  EXPECT_EQ(serialize(manifest, FieldOrder::kGgcr), vector("flux push, go-containerregistry 0.22"));
  manifest.config = descriptor(kFluxConfig, oci::go_image_config(kHello, created));
  EXPECT_EQ(serialize(manifest, FieldOrder::kGgcr), vector("flux push, go-containerregistry 0.20"));
}

TEST(ManifestSerialize, EscapesAsGo) {
  Manifest manifest =
      image(media_type::kImageManifest, descriptor(kFluxConfig, oci::go_image_config(std::nullopt)),
            {descriptor(kFluxLayer, "hello\n")});
  manifest.layers[0].annotations = {{"k", "v"}};
  manifest.annotations = {{"org.opencontainers.image.created", "2024-01-02T03:04:05Z"},
                          {"org.opencontainers.image.source", "https://x/y?a=1&b=<2>"},
                          {"org.opencontainers.image.revision", "main@sha1:abc"}};
  EXPECT_EQ(serialize(manifest, FieldOrder::kGgcr), vector("go-containerregistry 0.22 flux-like"));
}

TEST(ManifestSerialize, OrasPackManifest) {
  Manifest manifest = image(media_type::kImageManifest, empty_descriptor(),
                            {descriptor("application/vnd.example.blob", "hello\n")});
  manifest.artifact_type = kExample;
  manifest.annotations = {{"org.opencontainers.image.created", "2024-01-02T03:04:05Z"}};
  EXPECT_EQ(serialize(manifest, FieldOrder::kOras), vector("oras 1.1 one layer"));

  manifest.subject = descriptor(media_type::kImageManifest, "s");
  EXPECT_EQ(serialize(manifest, FieldOrder::kOras), vector("oras 1.1 subject"));

  manifest.subject.reset();
  manifest.layers = {empty_descriptor()};
  EXPECT_EQ(serialize(manifest, FieldOrder::kOras), vector("oras 1.1 no layer"));
}

TEST(ManifestSerialize, EveryFieldInItsPlace) {
  Descriptor child = descriptor(media_type::kImageManifest, "{}");
  child.urls = {"https://a.example/x", "https://b.example/x"};
  child.annotations = {{"b", "2"}, {"a", "1"}};
  child.data = "{}";
  child.platform = Platform{"arm64", "windows", "10.0", {"win32k"}, "v8"};
  child.artifact_type = kExample;
  Manifest index;
  index.kind = ManifestKind::kIndex;
  index.media_type = media_type::kImageIndex;
  index.artifact_type = kExample;
  index.manifests = {child};
  index.subject = descriptor(media_type::kImageIndex, "s");
  index.annotations = {{"k", ""}};

  const std::string digest = Digest::of("{}").to_string();
  const std::string subject = Digest::of("s").to_string();
  const std::string platform = R"("platform":{"architecture":"arm64","os":"windows","os.version":"10.0",)"
                               R"("os.features":["win32k"],"variant":"v8"})";
  const std::string urls = R"("urls":["https://a.example/x","https://b.example/x"])";
  const std::string head = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)";
  EXPECT_EQ(serialize(index, FieldOrder::kOras),
            head +
                R"("artifactType":"application/vnd.example+type","manifests":[{"mediaType":)"
                R"("application/vnd.oci.image.manifest.v1+json","digest":")" +
                digest + R"(","size":2,)" + urls + R"(,"annotations":{"a":"1","b":"2"},"data":"e30=",)" +
                platform +
                R"(,"artifactType":"application/vnd.example+type"}],"subject":{"mediaType":)"
                R"("application/vnd.oci.image.index.v1+json","digest":")" +
                subject + R"(","size":1},"annotations":{"k":""}})");
  EXPECT_EQ(
      serialize(index, FieldOrder::kGgcr),
      head + R"("manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":")" +
          digest + R"(","data":"e30=",)" + urls + R"(,"annotations":{"a":"1","b":"2"},)" + platform +
          R"(,"artifactType":"application/vnd.example+type"}],"annotations":{"k":""},"subject":{"mediaType":)"
          R"("application/vnd.oci.image.index.v1+json","size":1,"digest":")" +
          subject + R"("},"artifactType":"application/vnd.example+type"})");

  for (const FieldOrder order : {FieldOrder::kOras, FieldOrder::kGgcr}) {
    const auto parsed = parse_manifest(serialize(index, order), media_type::kImageIndex);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, index);
  }
  EXPECT_EQ(serialize(empty_descriptor(), FieldOrder::kOras),
            R"({"mediaType":"application/vnd.oci.empty.v1+json","digest":")" + digest +
                R"(","size":2,"data":"e30="})");
}

TEST(ImageConfig, IsThatOfEveryGoContainerRegistryVector) {
  int seen = 0;
  for (const auto& entry : kManifestVectors) {
    if (entry.order != FieldOrder::kGgcr || entry.name == "flux push, go-containerregistry 0.20") continue;
    const bool layered = entry.config.size() != 115;
    const bool empty_layer = entry.name.ends_with("stream empty");
    const Digest diff_id = empty_layer ? Digest::of("") : kHello;
    EXPECT_EQ(oci::go_image_config(layered ? std::optional(diff_id) : std::nullopt), entry.config)
        << entry.name;
    ++seen;
  }
  EXPECT_EQ(seen, 9);
}

}  // namespace
}  // namespace lamina
