// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lamina/manifest.h"

namespace lamina::oci::testing {

/// A manifest that the named library really wrote, its digest and the bytes of its config blob.
struct ManifestVector {
  std::string_view name;
  FieldOrder order;
  std::string_view manifest;
  std::string_view digest;
  std::string_view config;
};

// clang-format off
inline constexpr ManifestVector kManifestVectors[] = {
    {"go-containerregistry 0.14 empty", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
     R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":115,)"
     R"("digest":"sha256:5b943e2b943f6c81dbbd4e2eca5121f4fcc39139e3d1219d6d89bd925b77d9fe"},"layers":[]})",
     "sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":null},"config":{}})"},
    {"go-containerregistry 0.14 v1 stream hello default mt", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
     R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":233,)"
     R"("digest":"sha256:a554b8f018d2b4d54796c5836dff281c9fed0731b00feeb31a35a65ebb9f7bfb"},)"
     R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":34,)"
     R"("digest":"sha256:8d32a8a939a5dad485b09f4ea25a2a9541fdef13674b2df3354e1e16361974a2"}]})",
     "sha256:f82d0c249662e81a1caed4018ea6782901dada281aca410c99b0088a321d8ad7",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"]},)"
     R"("config":{}})"},
    {"go-containerregistry 0.14 v1 stream empty", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
     R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":233,)"
     R"("digest":"sha256:1b7c025f16477c734ce6b60bfbaa5d8398f9c66b96d53bdeea129445c3718de0"},)"
     R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":23,)"
     R"("digest":"sha256:81da0491c5af5635831f6a3febb5d9bfd66987ba3ecc42e58dc3d80938c25705"}]})",
     "sha256:2d26a358a263b265e830553e3576ab737d4dfc5451f7af733aa310ecccafc279",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},)"
     R"("config":{}})"},
    {"go-containerregistry 0.14 v1 helm hello", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","size":233,)"
     R"("digest":"sha256:a554b8f018d2b4d54796c5836dff281c9fed0731b00feeb31a35a65ebb9f7bfb"},)"
     R"("layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","size":34,)"
     R"("digest":"sha256:8d32a8a939a5dad485b09f4ea25a2a9541fdef13674b2df3354e1e16361974a2"}]})",
     "sha256:58d83f60e53138eb6a4ad3a030768645c1ff9ad9753ef6128a42ece3ebe69f42",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"]},)"
     R"("config":{}})"},
    {"go-containerregistry 0.14 static docker", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
     R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":233,)"
     R"("digest":"sha256:a554b8f018d2b4d54796c5836dff281c9fed0731b00feeb31a35a65ebb9f7bfb"},)"
     R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":6,)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}]})",
     "sha256:44ee30ab0c50f1f6755e7708e10ab0887e6bf4796bd0281b16ab7f47b6e99cd8",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"]},)"
     R"("config":{}})"},
    {"go-containerregistry 0.14 static oci", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":233,)"
     R"("digest":"sha256:a554b8f018d2b4d54796c5836dff281c9fed0731b00feeb31a35a65ebb9f7bfb"},)"
     R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":6,)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}]})",
     "sha256:c275c68472e22fdbcdcdfec9a3dd3f26e94b9b246da580ecd00433fdef2cdf41",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"]},)"
     R"("config":{}})"},
    {"go-containerregistry 0.14 flux-like", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.cncf.flux.config.v1+json","size":233,)"
     R"("digest":"sha256:a554b8f018d2b4d54796c5836dff281c9fed0731b00feeb31a35a65ebb9f7bfb"},)"
     R"("layers":[{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","size":6,)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",)"
     R"("annotations":{"k":"v"}}],)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z",)"
     R"("org.opencontainers.image.revision":"main@sha1:abc",)"
     R"("org.opencontainers.image.source":"https://x/y?a=1\u0026b=\u003c2\u003e"}})",
     "sha256:9944a9a681eee2a4a1fc5de2948bdc3637b56a41edaacd87ff0fb6bdc9101ec8",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"]},)"
     R"("config":{}})"},
    {"go-containerregistry 0.22 flux-like", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.cncf.flux.config.v1+json","size":115,)"
     R"("digest":"sha256:5b943e2b943f6c81dbbd4e2eca5121f4fcc39139e3d1219d6d89bd925b77d9fe"},)"
     R"("layers":[{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","size":6,)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",)"
     R"("annotations":{"k":"v"}}],)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z",)"
     R"("org.opencontainers.image.revision":"main@sha1:abc",)"
     R"("org.opencontainers.image.source":"https://x/y?a=1\u0026b=\u003c2\u003e"}})",
     "sha256:c029d71111500c6d48fc193196dd68cd6315469587b076ce0d3f82053c910424",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":null},"config":{}})"},
    {"flux push, go-containerregistry 0.20", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.cncf.flux.config.v1+json","size":233,)"
     R"("digest":"sha256:cf18cf828e0715158c8343dbf08271859b5ffa854e963d69024d02ebd2145d2f"},)"
     R"("layers":[{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","size":6,)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}],)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z",)"
     R"("org.opencontainers.image.revision":"main@sha1:0000000000000000000000000000000000000000",)"
     R"("org.opencontainers.image.source":"https://github.com/acme/app"}})",
     "sha256:04e23fce5ec09302b2e3c3a5989bd79707385f33329cc2889693e5837abd7134",
     R"({"architecture":"","created":"2024-01-02T03:04:05Z",)"
     R"("history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"]},)"
     R"("config":{}})"},
    {"flux push, go-containerregistry 0.22", FieldOrder::kGgcr,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.cncf.flux.config.v1+json","size":115,)"
     R"("digest":"sha256:5b943e2b943f6c81dbbd4e2eca5121f4fcc39139e3d1219d6d89bd925b77d9fe"},)"
     R"("layers":[{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","size":6,)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}],)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z",)"
     R"("org.opencontainers.image.revision":"main@sha1:0000000000000000000000000000000000000000",)"
     R"("org.opencontainers.image.source":"https://github.com/acme/app"}})",
     "sha256:7a4c34d7998512ba88ba5b98c29d05d7a8d0c35c066c1bef8e85544208c2d1cb",
     R"({"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers",)"
     R"("diff_ids":null},"config":{}})"},
    {"oras v2 layer 5891b5b522d5df086d0ff", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
     R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}]})",
     "sha256:1c0ab1b99323a37936710447933d2df85a7d4d7ab78a41f951d2edd3926849aa",
     R"({})"},
    {"oras v2 layer e3b0c44298fc1c149afbf", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
     R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",)"
     R"("digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}]})",
     "sha256:9fe43b3054fd538fd63b4dc15981d784377596122dacbaf2c77d7321c52e12b3",
     R"({})"},
    {"oras 1.1 one layer", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("artifactType":"application/vnd.example+type",)"
     R"("config":{"mediaType":"application/vnd.oci.empty.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
     R"("data":"e30="},"layers":[{"mediaType":"application/vnd.example.blob",)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}],)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})",
     "sha256:a59e5c21ef34766580c297406f380d2f70d1d259cf4a8aac316891d5ad1facf6",
     R"({})"},
    {"oras 1.1 no layer", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("artifactType":"application/vnd.example+type",)"
     R"("config":{"mediaType":"application/vnd.oci.empty.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
     R"("data":"e30="},"layers":[{"mediaType":"application/vnd.oci.empty.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
     R"("data":"e30="}],"annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})",
     "sha256:fee8fa825216ac0f078729ca600ee67d36eafd6ff429779df7e2dcbb6e635505",
     R"({})"},
    {"oras 1.1 no artifactType w/ config", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.x.config+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
     R"("layers":[{"mediaType":"application/vnd.oci.empty.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
     R"("data":"e30="}],"annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})",
     "sha256:ab8e7f9373cda431a1fa658737e26448c1849839ba65617977a6c341996bcb7a",
     R"({})"},
    {"oras 1.0", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("config":{"mediaType":"application/vnd.example+type",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
     R"("layers":[{"mediaType":"application/vnd.example.blob",)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}],)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})",
     "sha256:8cddf87537e4a0cf3708678879e053d5076ead679ffb2f1bf13666d5ada7d88d",
     R"({})"},
    {"oras 1.1 subject", FieldOrder::kOras,
     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("artifactType":"application/vnd.example+type",)"
     R"("config":{"mediaType":"application/vnd.oci.empty.v1+json",)"
     R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
     R"("data":"e30="},"layers":[{"mediaType":"application/vnd.example.blob",)"
     R"("digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}],)"
     R"("subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
     R"("digest":"sha256:043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89","size":1},)"
     R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})",
     "sha256:9bba3c8eff524574b55b28ab379635bf7464a341145e7fea2ef6e41cd38c4a98",
     R"({})"},
};
// clang-format on

}  // namespace lamina::oci::testing
