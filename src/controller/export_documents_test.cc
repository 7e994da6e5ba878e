// SPDX-License-Identifier: Apache-2.0
#include "controller/export_documents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "controller/fields.h"

namespace lamina::controller {
namespace {

const kube::ResourceType kSourceType{"lamina.dev", "v1alpha1", "ociartifacts", "OCIArtifact"};
constexpr std::string_view kLayer = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
constexpr std::string_view kManifest =
    "sha256:486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";

struct Given {
  kube::Object object{.key = {"team-a", "app"}, .uid = "uid-1", .resource_version = "1", .generation = 3};
  ExportSource source{.type = kSourceType, .object = object};
  Settings settings;
  ExportContent content{.repository = RepositoryName::parse("team-a/app").value(), .tag = "1.0"};

  Given() {
    settings.registry = "registry.test:5000";
    settings.advertise_url = "http://files.test";
    content.content.manifest.digest = Digest::parse(kManifest).value();
    content.content.layer.digest = Digest::parse(kLayer).value();
    content.content.layer.media_type = std::string(media_type::kLayerTarGzip);
    content.content.layer.size = 5;
    content.revision = "main@" + std::string(kLayer);
    content.updated = UnixTime{std::chrono::seconds{1'767'323'045}};
  }
  std::string document(ExportKind kind) const {
    return export_document(kind, default_name(kind, source), source, content, settings);
  }
  std::string status(UnixTime ready_since = UnixTime{std::chrono::seconds{1'767'323'046}}) const {
    return export_status_document(ExportKind::kExternalArtifact, "app", source, content, settings, 2,
                                  ready_since);
  }
};

std::string head(std::string_view api_version, std::string_view kind, std::string_view name) {
  return R"({"apiVersion":")" + std::string(api_version) + R"(","kind":")" + std::string(kind) +
         R"(","metadata":{"name":")" + std::string(name) +
         R"(","namespace":"team-a","labels":{"app.kubernetes.io/managed-by":"lamina"},)"
         R"("ownerReferences":[{"apiVersion":"lamina.dev/v1alpha1","kind":"OCIArtifact","name":"app","uid":"uid-1",)"
         R"("controller":true}]},"spec":)";
}

TEST(ExportDocuments, SayWhatEachKindSays) {
  Given given;
  given.content.metadata = {{"a", "b"}};
  given.content.identity = {{"component-name", "x"}};
  const std::string url = "http://files.test/files/team-a/app/" + std::string(kManifest) + "/layer.tar.gz";
  const std::string layer(kLayer);

  EXPECT_EQ(given.document(ExportKind::kExternalArtifact),
            head("source.toolkit.fluxcd.io/v1", "ExternalArtifact", "app") +
                R"({"sourceRef":{"apiVersion":"lamina.dev/v1alpha1","kind":"OCIArtifact","name":"app"}}})");
  EXPECT_EQ(
      given.status(),
      R"({"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"ExternalArtifact","metadata":{"name":"app",)"
      R"("namespace":"team-a"},"status":{"artifact":{"path":"files/team-a/app/)" +
          std::string(kManifest) + R"(/layer.tar.gz","url":")" + url + R"(","digest":")" + layer +
          R"(","revision":"main@)" + layer +
          R"(","size":5,"lastUpdateTime":"2026-01-02T03:04:05Z","metadata":{"a":"b"}},)"
          R"("conditions":[{"type":"Ready","status":"True","reason":"Succeeded",)"
          R"("message":"Artifact is ready","lastTransitionTime":"2026-01-02T03:04:06Z",)"
          R"("observedGeneration":2}]}})");
  EXPECT_EQ(given.document(ExportKind::kOciRepository),
            head("source.toolkit.fluxcd.io/v1", "OCIRepository", "app") +
                R"({"url":"oci://registry.test:5000/team-a/app","ref":{"digest":")" + std::string(kManifest) +
                R"("},"layerSelector":{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",)"
                R"("operation":"copy"},"interval":"1h","insecure":true}})");
  EXPECT_EQ(given.document(ExportKind::kArtifact),
            head("openfluxcd.ocm.software/v1alpha1", "Artifact", "ociartifact-team-a-app") + R"({"url":")" +
                url + R"(","digest":")" + layer + R"(","revision":"main@)" + layer +
                R"(","size":5,"lastUpdateTime":"2026-01-02T03:04:05Z","metadata":{"a":"b"}}})");
  EXPECT_EQ(given.document(ExportKind::kSnapshot), head("delivery.ocm.software/v1alpha1", "Snapshot", "app") +
                                                       R"({"identity":{"component-name":"x"},"digest":")" +
                                                       layer + R"(","tag":"1.0"}})");
}

TEST(ExportDocuments, OciRepositoryTakesTheSecretsOfTheUsersRegistry) {
  Given given;
  const RegistryAccess access{.host = "ghcr.test", .credentials_secret = "login", .tls_secret = "ca"};
  given.content.access = &access;
  const auto json = oci::parse_json(given.document(ExportKind::kOciRepository)).value();
  const oci::Json* spec = json.find("spec");
  EXPECT_EQ(fields::text(spec, "url"), "oci://ghcr.test/team-a/app");
  EXPECT_FALSE(fields::boolean(*spec, "insecure"));
  EXPECT_EQ(fields::text(spec->find("secretRef"), "name"), "login");
  EXPECT_EQ(fields::text(spec->find("certSecretRef"), "name"), "ca");
}

TEST(ExportDocuments, NameOfAnArtifactIsThatOfOpenfluxcd) {
  Given given;
  given.object.key.name = std::string(240, 'n');
  EXPECT_EQ(default_name(ExportKind::kArtifact, given.source), given.object.key.name) << "too long otherwise";
  EXPECT_EQ(default_name(ExportKind::kSnapshot, given.source), given.object.key.name);
}

TEST(ExportDocuments, RevisionEndsWithTheLayer) {
  const Digest layer = Digest::parse(kLayer).value();
  EXPECT_EQ(revision_of("main@sha1:0", layer), "main@sha1:0@" + std::string(kLayer));
  EXPECT_EQ(revision_of("", layer), kLayer);
}

TEST(ExportDocuments, UrlKeepsTheNameOfTheLayerEncoded) {
  Given given;
  given.content.content.layer.annotations = {{"org.opencontainers.image.title", "my app.tar.gz"}};
  EXPECT_EQ(file_url(given.settings, given.content.repository, given.content.content),
            "http://files.test/files/team-a/app/" + std::string(kManifest) + "/my%20app.tar.gz");
  given.settings.advertise_url.clear();
  EXPECT_EQ(file_url(given.settings, given.content.repository, given.content.content), "");
}

TEST(ExportDocuments, ArchivesAreToldByMediaType) {
  struct Row {
    const char* media_type;
    bool archive;
    bool helm;
  };
  const Row rows[] = {
      {"application/vnd.oci.image.layer.v1.tar+gzip", true, false},
      {"application/vnd.docker.image.rootfs.diff.tar.gzip", true, false},
      {"application/vnd.cncf.flux.content.v1.tar+gzip", true, false},
      {"application/vnd.cncf.helm.chart.content.v1.tar+gzip", true, true},
      {"application/gzip", true, false},
      {"application/x-gzip", true, false},
      {"application/x-tgz", true, false},
      {"application/vnd.oci.image.layer.v1.tar", false, false},
      {"application/vnd.oci.image.layer.v1.tar+zstd", false, false},
      {"application/vnd.cncf.helm.chart.provenance.v1.prov", false, false},
      {"application/octet-stream", false, false},
      {"", false, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(is_archive(row.media_type), row.archive) << row.media_type;
    EXPECT_EQ(is_helm_chart(row.media_type), row.helm) << row.media_type;
  }
}

TEST(ExportDocuments, WhatCannotBeMadeHasAReason) {
  const RegistryAccess access{.host = "ghcr.test"};
  const auto plain = [](Given& given) { given.content.content.layer.media_type = "text/plain"; };
  const auto foreign = [&](Given& given) { given.content.access = &access; };
  const auto silent = [](Given& given) { given.settings.advertise_url.clear(); };
  const auto ocm = [](Given& given) {
    given.content.identity = {{"a", "b"}};
    given.content.repository = RepositoryName::parse("sha-3629586248519120669").value();
  };
  struct Row {
    ExportKind kind;
    std::vector<std::function<void(Given&)>> changes;
    const char* reason;  // Empty: it can be made.
  };
  const std::vector<Row> rows = {
      {ExportKind::kExternalArtifact, {}, ""},
      {ExportKind::kExternalArtifact, {plain}, "UnsupportedLayer"},
      {ExportKind::kExternalArtifact, {foreign}, "UnsupportedRegistry"},
      {ExportKind::kExternalArtifact, {silent}, "NoAdvertiseURL"},
      {ExportKind::kArtifact, {}, ""},
      {ExportKind::kArtifact, {plain}, "UnsupportedLayer"},
      {ExportKind::kArtifact, {foreign}, "UnsupportedRegistry"},
      {ExportKind::kArtifact, {silent}, "NoAdvertiseURL"},
      {ExportKind::kOciRepository, {plain, foreign, silent}, ""},
      {ExportKind::kSnapshot, {ocm, plain, silent}, ""},
      {ExportKind::kSnapshot, {ocm, foreign}, "UnsupportedRegistry"},
      {ExportKind::kSnapshot, {}, "UnsupportedRepository"},
      {ExportKind::kSnapshot,
       {[](Given& given) { given.content.identity = {{"a", "b"}}; }},
       "UnsupportedRepository"},
      {ExportKind::kSnapshot,
       {ocm, [](Given& given) { given.content.tag.clear(); }},
       "UnsupportedRepository"},
  };
  for (const Row& row : rows) {
    Given given;
    for (const auto& change : row.changes) change(given);
    const auto trouble = why_not(row.kind, given.content, given.settings);
    EXPECT_EQ(trouble ? trouble->reason : "", row.reason) << type_of(row.kind).kind;
  }
}

TEST(ExportDocuments, StateTellsWhatTheControllerWritesFromTheRest) {
  const Given given;
  const auto main = [](ExportKind kind, const std::string& json) { return export_state(kind, json).main; };
  for (std::size_t index = 0; index < kExportKinds; ++index) {
    const auto kind = static_cast<ExportKind>(index);
    const std::string ours = given.document(kind);
    std::string defaulted = ours;
    defaulted.insert(defaulted.find(R"("spec":{)") + 8, R"("provider":"generic","suspend":true,)");
    defaulted.insert(defaulted.find(R"("labels":{)") + 10, R"("other":"label",)");
    EXPECT_EQ(main(kind, defaulted), main(kind, ours)) << "others' fields of " << type_of(kind).kind;
    std::string unlabelled = ours;
    unlabelled.replace(unlabelled.find(R"(managed-by":"lamina)"), 19, R"(managed-by":"nobody)");
    EXPECT_NE(main(kind, unlabelled), main(kind, ours));
    std::string orphan = ours;
    orphan.replace(orphan.find(R"("controller":true)"), 17, R"("controller":false)");
    EXPECT_NE(main(kind, orphan), main(kind, ours));
    EXPECT_EQ(export_state(kind, orphan).owner_uid, "");

    Given other;
    other.content.content.manifest.digest = Digest::of("another");
    other.content.content.layer.digest = Digest::of("another layer");
    const bool in_spec = kind != ExportKind::kExternalArtifact;
    EXPECT_EQ(main(kind, other.document(kind)) != main(kind, ours), in_spec) << type_of(kind).kind;
  }
}

TEST(ExportDocuments, StateOfAStatusLeavesTimesOut) {
  const Given given;
  const ExportState state = export_state(ExportKind::kExternalArtifact, given.status());
  EXPECT_EQ(state.digest, kLayer);
  EXPECT_EQ(state.updated, given.content.updated);
  Given later;
  later.content.updated += std::chrono::hours(1);
  const ExportState same = export_state(ExportKind::kExternalArtifact, later.status(later.content.updated));
  EXPECT_EQ(same.status, state.status);
  EXPECT_EQ(same.ready_since, later.content.updated);

  for (const auto& change : std::vector<std::function<void(Given&)>>{
           [](Given& other) { other.content.revision = "other"; },
           [](Given& other) { other.content.metadata = {{"a", "b"}}; },
           [](Given& other) { other.settings.advertise_url = "http://moved.test"; },
           [](Given& other) { other.content.content.layer.size = 6; }}) {
    Given other;
    change(other);
    EXPECT_NE(export_state(ExportKind::kExternalArtifact, other.status()).status, state.status);
  }
}

TEST(ExportDocuments, StateSurvivesTheCache) {
  const Given given;
  std::string object = given.document(ExportKind::kArtifact);
  object.insert(object.find(R"("name":"ociartifact)"), R"("generation":4,)");
  const ExportState state = export_state(ExportKind::kArtifact, object);
  EXPECT_EQ(state.owner_uid, "uid-1");
  EXPECT_EQ(state.owner_api_version, "lamina.dev/v1alpha1");
  EXPECT_EQ(state.owner_kind, "OCIArtifact");
  EXPECT_EQ(state.owner_name, "app");
  EXPECT_EQ(state.generation, 4);
  EXPECT_EQ(to_json(parse_export_state(to_json(state))), to_json(state));
  EXPECT_EQ(parse_export_state(to_json(state)).main, state.main);
}

}  // namespace
}  // namespace lamina::controller
