// SPDX-License-Identifier: Apache-2.0
#include "client/blueprint.h"

#include <gtest/gtest.h>

#include "oci/image_config.h"

namespace lamina::client {
namespace {

// The vectors are what the named library really wrote: for ocm-controller v1 and Flux go-containerregistry,
// for ocm-k8s-toolkit oras-go.

std::string manifest_of(const PushOptions& options, const std::string& layer,
                        const std::string& diff_id_of = {}, const Content& content = StreamContent{}) {
  Blueprint blueprint = draw_blueprint(content, options).value();
  if (blueprint.config_has_diff_id) blueprint.config = oci::go_image_config(Digest::of(diff_id_of));
  return Digest::of(build_manifest(blueprint, layer_descriptor(blueprint, Digest::of(layer), layer.size())))
      .hex();
}

// gzip of "hello\n" by Go at level 1.
const std::string kGoGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff\x00\x06\x00\xf9\xff\x68\x65\x6c\x6c\x6f\x0a\x01\x00\x00\xff\xff"
    "\x20\x30\x3a\x36"
    "\x06\x00\x00\x00",
    34);

TEST(BlueprintTest, OcmV1) {
  PushOptions options;
  options.profile = Profile::kOcmV1;
  EXPECT_EQ(manifest_of(options, kGoGzip, "hello\n"),
            "f82d0c249662e81a1caed4018ea6782901dada281aca410c99b0088a321d8ad7");
  options.media_type = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
  EXPECT_EQ(manifest_of(options, kGoGzip, "hello\n"),
            "58d83f60e53138eb6a4ad3a030768645c1ff9ad9753ef6128a42ece3ebe69f42");
}

TEST(BlueprintTest, OcmV2) {
  PushOptions options;
  options.profile = Profile::kOcmV2;
  EXPECT_EQ(manifest_of(options, "hello\n"),
            "1c0ab1b99323a37936710447933d2df85a7d4d7ab78a41f951d2edd3926849aa");
  EXPECT_EQ(manifest_of(options, ""), "9fe43b3054fd538fd63b4dc15981d784377596122dacbaf2c77d7321c52e12b3");
}

TEST(BlueprintTest, Flux) {
  PushOptions options;
  options.profile = Profile::kFlux;
  options.annotations = {{"org.opencontainers.image.created", "2024-01-02T03:04:05Z"},
                         {"org.opencontainers.image.source", "https://github.com/acme/app"},
                         {"org.opencontainers.image.revision", "main@sha1:" + std::string(40, '0')}};
  EXPECT_EQ(manifest_of(options, "hello\n"),
            "7a4c34d7998512ba88ba5b98c29d05d7a8d0c35c066c1bef8e85544208c2d1cb");
  const Blueprint file = draw_blueprint(FileContent{"app.yaml"}, options).value();
  EXPECT_EQ(file.layer_type, "application/vnd.cncf.flux.content.v1.yaml");
  const Blueprint archive = draw_blueprint(FileContent{"app.tgz"}, options).value();
  EXPECT_EQ(archive.layer_type, "application/vnd.cncf.flux.content.v1.tar+gzip");
}

TEST(BlueprintTest, ArtifactAsOrasPacksIt) {
  PushOptions options;
  options.artifact_type = "application/vnd.example+type";
  options.media_type = "application/vnd.example.blob";
  options.annotations = {{"org.opencontainers.image.created", "2024-01-02T03:04:05Z"}};
  EXPECT_EQ(manifest_of(options, "hello\n"),
            "a59e5c21ef34766580c297406f380d2f70d1d259cf4a8aac316891d5ad1facf6");
}

TEST(BlueprintTest, IdentityIsWrittenAndNothingElseIsAdded) {
  PushOptions options;
  options.identity = Identity{{"b", "2"}, {"a", "1"}};
  const Blueprint blueprint = draw_blueprint(DirectoryContent{"/tmp/x", {}}, options).value();
  EXPECT_EQ(blueprint.annotations, (Annotations{{"dev.lamina.identity", R"({"a":"1","b":"2"})"}}));
  EXPECT_EQ(blueprint.artifact_type, kDefaultArtifactType);
  EXPECT_EQ(blueprint.layer_annotations.at("org.opencontainers.image.title"), "content.tar.gz");
}

TEST(BlueprintTest, WhatHasNoMeaningIsRefused) {
  PushOptions options;
  options.profile = Profile::kHelm;
  EXPECT_EQ(draw_blueprint(DirectoryContent{"/tmp/x", {}}, options).error().code, Code::kUnsupported);
  options = {};
  options.config = "{\"a\":1}";
  EXPECT_EQ(draw_blueprint(FileContent{"x"}, options).error().code, Code::kInvalid);
  options = {};
  options.identity = Identity{{"", "x"}};
  EXPECT_EQ(draw_blueprint(FileContent{"x"}, options).error().code, Code::kInvalid);
  EXPECT_EQ(parse_profile("tar").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina::client
