// SPDX-License-Identifier: Apache-2.0
#include "controller/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamina::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kManifest =
    "sha256:486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";
constexpr std::string_view kLayer = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string snapshot_json() {
  return R"({"apiVersion":"delivery.ocm.software/v1alpha1","kind":"Snapshot","metadata":{"name":"s",
      "namespace":"team-a","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"x"},
      "ownerReferences":[{"kind":"Resource","name":"r","uid":"9"}],
      "finalizers":["a/b","finalizers.snapshot.ocm.software"],
      "annotations":{"lamina.dev/manifest":"sha-3629586248519120669@)" +
         std::string(kManifest) + R"(","lamina.dev/exports":" ExternalArtifact,, OCIRepository/other ",
      "kubectl.kubernetes.io/last-applied-configuration":"long"}},
      "spec":{"identity":{"a":"b"},"digest":")" +
         std::string(kLayer) + R"(","tag":"1.0","suspend":true},
      "status":{"observedGeneration":4,"digest":"d","tag":"t","repositoryURL":"http://r/x","conditions":[
      {"type":"Ready","status":"True","reason":"Succeeded","message":"m",
       "lastTransitionTime":"2026-01-02T03:04:05Z","observedGeneration":4}]}})";
}

kube::Object object() {
  return {.key = {"team-a", "s"},
          .uid = "uid-1",
          .resource_version = "7",
          .generation = 4,
          .json = snapshot_json()};
}

Settings settings() {
  Settings made;
  made.registry = "registry.test:5000";
  made.tenancy =
      Tenancy(std::vector<Tenancy::Rule>{{.namespace_pattern = "team-*", .repository_pattern = "sha-*"}});
  return made;
}

TEST(Snapshot, IsReadAlikeFromWhatTheCacheKeeps) {
  const kube::Object whole = object();
  const std::string kept = kept_of_snapshot(whole);
  EXPECT_THAT(kept, Not(HasSubstr("last-applied")));
  EXPECT_THAT(kept, Not(HasSubstr("Resource")));
  EXPECT_LT(kept.size(), whole.json.size());
  for (const std::string& json : {whole.json, kept}) {
    const Snapshot snapshot = read_snapshot(json).value();
    EXPECT_FALSE(snapshot.of_toolkit);
    EXPECT_FALSE(snapshot.exported);
    EXPECT_EQ(snapshot.identity, (Identity{{"a", "b"}}));
    EXPECT_EQ(snapshot.digest, kLayer);
    EXPECT_EQ(snapshot.tag, "1.0");
    EXPECT_TRUE(snapshot.suspend);
    EXPECT_THAT(snapshot.finalizers, ElementsAre("a/b", kSnapshotFinalizer));
    ASSERT_TRUE(snapshot.manifest);
    EXPECT_EQ(snapshot.manifest->repository.str(), "sha-3629586248519120669");
    EXPECT_EQ(snapshot.manifest->digest.to_string(), kManifest);
    EXPECT_THAT(snapshot.exports,
                ElementsAre(Export{"ExternalArtifact", ""}, Export{"OCIRepository", "other"}));
    EXPECT_EQ(snapshot.status.observed_generation, 4);
    EXPECT_EQ(snapshot.status.repository_url, "http://r/x");
    EXPECT_TRUE(is_true(snapshot.status.conditions, condition::kReady));
  }
}

TEST(Snapshot, OfTheToolkitIsToldByItsFields) {
  const auto read = [](const char* json) { return read_snapshot(json).value(); };
  EXPECT_TRUE(read(R"({"spec":{"repository":"sha-1","digest":"x"}})").of_toolkit);
  EXPECT_FALSE(read(R"({"spec":{"identity":{},"digest":"x"}})").of_toolkit);
  EXPECT_FALSE(read(R"({})").of_toolkit);
  EXPECT_FALSE(read_snapshot("nonsense"));
}

TEST(Snapshot, PlanFollowsTheHashOfOcmController) {
  const Snapshot snapshot = read_snapshot(snapshot_json()).value();
  const auto plan = plan_of(snapshot, object(), settings());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->reference.to_string(), "registry.test:5000/sha-3629586248519120669:1.0");
  EXPECT_EQ(plan->expected.layer_digest->to_string(), kLayer);
}

TEST(Snapshot, StatusIsWrittenOverThatOfTheSameObjectOnly) {
  const Snapshot snapshot = read_snapshot(snapshot_json()).value();
  EXPECT_EQ(
      status_document(object(), snapshot.status),
      R"({"apiVersion":"delivery.ocm.software/v1alpha1","kind":"Snapshot","metadata":{"namespace":"team-a",)"
      R"("name":"s","uid":"uid-1"},"status":{"observedGeneration":4,"digest":"d","tag":"t",)"
      R"("repositoryURL":"http://r/x","conditions":[{"type":"Ready","status":"True","reason":"Succeeded",)"
      R"("message":"m","lastTransitionTime":"2026-01-02T03:04:05Z","observedGeneration":4}]}})");
}

TEST(Snapshot, MetadataIsPatchedOnlyWhereItDiffers) {
  Snapshot snapshot = read_snapshot(snapshot_json()).value();
  EXPECT_EQ(metadata_patch(snapshot, object(), true, snapshot.manifest), "");
  EXPECT_EQ(metadata_patch(snapshot, object(), true, std::nullopt), "");
  const auto manifest = std::exchange(snapshot.manifest, std::nullopt);
  EXPECT_EQ(metadata_patch(snapshot, object(), true, manifest),
            R"({"metadata":{"uid":"uid-1","annotations":{"lamina.dev/manifest":"sha-3629586248519120669@)" +
                std::string(kManifest) + R"("}}})");
  snapshot.finalizers = {"a/b"};
  EXPECT_EQ(metadata_patch(snapshot, object(), true, std::nullopt),
            R"({"metadata":{"uid":"uid-1","resourceVersion":"7",)"
            R"("finalizers":["a/b","finalizers.snapshot.ocm.software"]}})");
  EXPECT_EQ(metadata_patch(snapshot, object(), false, std::nullopt), "");
}

TEST(Snapshot, FinalizerIsRemovedFromItsPlace) {
  EXPECT_EQ(finalizer_removal(read_snapshot(snapshot_json()).value()),
            R"([{"op":"test","path":"/metadata/finalizers/1","value":"finalizers.snapshot.ocm.software"},)"
            R"({"op":"remove","path":"/metadata/finalizers/1"}])");
}

TEST(Snapshot, HoldsOnlyWhatItsNamespaceMayName) {
  Snapshot snapshot = read_snapshot(snapshot_json()).value();
  EXPECT_THAT(held_manifests(snapshot, object(), settings()), ::testing::SizeIs(1));
  kube::Object other = object();
  other.key.namespace_name = "stranger";
  EXPECT_THAT(held_manifests(snapshot, other, settings()), IsEmpty());
  other = object();
  other.deleting = true;
  EXPECT_THAT(held_manifests(snapshot, other, settings()), IsEmpty());
}

TEST(Snapshot, SchemasAreToldApart) {
  const auto crd = [](const std::string& version, const std::string& spec) {
    return R"({"spec":{"versions":[{"name":"v0","schema":{}},{"name":")" + version +
           R"(","schema":{"openAPIV3Schema":{"properties":{"spec":{"properties":)" + spec + "}}}}}]}}";
  };
  EXPECT_TRUE(check_snapshot_schema(crd("v1alpha1", R"({"identity":{},"digest":{},"tag":{}})")));
  for (const std::string& other : {crd("v1alpha1", R"({"repository":{},"digest":{},"blob":{}})"),
                                   crd("v1", R"({"identity":{}})"), std::string("{}")}) {
    const auto checked = check_snapshot_schema(other);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Code::kUnsupported);
  }
}

}  // namespace
}  // namespace lamina::controller
