// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "cluster/json_read.h"
#include "cluster/kinds.h"
#include "cluster/testing/cluster_fixture.h"

namespace lamina::cluster::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class PublishTest : public ClusterTest {
 protected:
  PublishTest() {
    options.push.identity = Identity{{"component-name", "podinfo"}, {"component-version", "1.0"}};
    write_file("content", "first");
  }

  Result<PublishedObject> publish() {
    return cluster().publish(client(), "team", "podinfo", FileContent{folder() / "content"}, options,
                             resource);
  }
  /// Requests to the registry since the last call that may have changed it.
  std::vector<std::string> registry_writes() {
    std::vector<std::string> writes;
    const auto all = sent();
    for (; seen_ < all.size(); ++seen_) {
      if (all[seen_].method != "GET" && all[seen_].method != "HEAD") writes.push_back(all[seen_].line());
    }
    return writes;
  }
  std::string field(const std::string& path) { return text_at(stored(oci_artifact_type(), "podinfo"), path); }

  PublishOptions options;
  ResourceOptions resource;

 private:
  std::size_t seen_ = 0;
};

TEST_F(PublishTest, WritesTheArtifactWithALeaseAndTheObjectThatRefersToIt) {
  options.revision = "main";
  options.metadata = {{"k", "v"}};
  resource = {.owner = {},
              .retention_ttl = std::chrono::minutes(5),
              .keep_last = 3,
              .interval = std::chrono::hours(2),
              .exports = {{.kind = "ExternalArtifact", .name = "x"}, {.kind = "Snapshot", .name = ""}},
              .registry = {}};
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_FALSE(published->unchanged);
  EXPECT_EQ(published->object.kind, "OCIArtifact");
  EXPECT_FALSE(published->object.uid.empty());
  EXPECT_EQ(published->artifact.repository,
            repository_of(*options.push.identity, NamingScheme::kLamina, "team"));

  const auto lease = oci::parse_json(registry.published_json).value();
  EXPECT_EQ(integer_at(lease, "ttl"), 3600);
  EXPECT_EQ(text_at(lease, "owner.cluster"), kUid);
  EXPECT_EQ(text_at(lease, "owner.group"), "lamina.dev");
  EXPECT_EQ(text_at(lease, "owner.kind"), "OCIArtifact");
  EXPECT_EQ(text_at(lease, "owner.namespace"), "team");
  EXPECT_EQ(text_at(lease, "owner.name"), "podinfo");

  const auto object = stored(oci_artifact_type(), "podinfo");
  EXPECT_EQ(
      kube::to_text(*find_at(object, "spec")),
      R"({"identity":{"component-name":"podinfo","component-version":"1.0"},"repository":")" +
          published->artifact.repository.str() + R"(","tag":"1.0","digest":")" +
          published->artifact.manifest.digest.to_string() + R"(","layer":{"digest":")" +
          Digest::of("first").to_string() +
          R"(","size":5,"mediaType":"application/octet-stream"},)"
          R"("revision":"main","metadata":{"k":"v"},"retention":{"ttl":"300s","keepLast":3},)"
          R"("interval":"7200s","exports":[{"kind":"ExternalArtifact","name":"x"},{"kind":"Snapshot"}]})");
  EXPECT_THAT(map_at(object, "metadata.labels"), SizeIs(2));
  EXPECT_EQ(api().writes().front().field_manager, "lamina-publish");
}

TEST_F(PublishTest, WithoutTheRightToTellTheClusterTheLeaseIsAPlainOne) {
  api().on_call([](const kube::testing::Call& call) -> std::optional<Error> {
    if (call.type.kind != "Namespace") return std::nullopt;
    return Error{Code::kDenied, About::kNothing, "may not get namespaces"};
  });
  ASSERT_TRUE(publish());
  const auto lease = oci::parse_json(registry.published_json).value();
  EXPECT_EQ(integer_at(lease, "ttl"), 3600);
  EXPECT_EQ(find_at(lease, "owner"), nullptr);
}

TEST_F(PublishTest, UnchangedContentAndObjectWriteNothing) {
  ASSERT_TRUE(publish());
  registry_writes();
  api().forget_calls();
  const auto again = publish();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->unchanged);
  EXPECT_THAT(registry_writes(), SizeIs(0));
  EXPECT_THAT(api().writes(), SizeIs(0));
}

TEST_F(PublishTest, ChangedContentMovesTheObject) {
  ASSERT_TRUE(publish());
  const std::string before = field("spec.digest");
  api().forget_calls();
  write_file("content", "second");
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_FALSE(published->unchanged);
  EXPECT_NE(field("spec.digest"), before);
  EXPECT_EQ(field("spec.layer.digest"), Digest::of("second").to_string());
  EXPECT_THAT(api().writes(), SizeIs(1));
  EXPECT_EQ(text_at(oci::parse_json(registry.published_json).value(), "owner.uid"), published->object.uid);
}

TEST_F(PublishTest, WhatIsNoLongerAppliedGoes) {
  options.metadata = {{"k", "v"}};
  options.revision = "main";
  ASSERT_TRUE(publish());
  options.metadata.clear();
  options.revision.clear();
  registry_writes();
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_FALSE(published->unchanged);
  EXPECT_EQ(find_at(stored(oci_artifact_type(), "podinfo"), "spec.metadata"), nullptr);
  EXPECT_EQ(find_at(stored(oci_artifact_type(), "podinfo"), "spec.revision"), nullptr);
  EXPECT_THAT(registry_writes(), SizeIs(0));
}

TEST_F(PublishTest, FieldsOfOthersAreLeftAlone) {
  ASSERT_TRUE(publish());
  ASSERT_TRUE(api().patch(oci_artifact_type(), {"team", "podinfo"}, kube::PatchType::kMerge,
                          R"({"spec":{"suspend":true}})"));
  EXPECT_TRUE(publish()->unchanged);
  // Another manager took a field of ours.
  ASSERT_TRUE(
      api().patch(oci_artifact_type(), {"team", "podinfo"}, kube::PatchType::kApply,
                  R"({"apiVersion":"lamina.dev/v1alpha1","kind":"OCIArtifact","metadata":{"name":"podinfo"},)"
                  R"("spec":{"tag":"theirs"}})",
                  {.field_manager = "other", .force = true}));
  const auto refused = publish();
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("; another field manager has these fields"));
  options.force = true;
  ASSERT_TRUE(publish());
  EXPECT_EQ(field("spec.tag"), "1.0");
}

TEST_F(PublishTest, AnArtifactWhoseObjectCannotBeWrittenGoesByItsLease) {
  api().on_call([](const kube::testing::Call& call) -> std::optional<Error> {
    if (!call.is_write()) return std::nullopt;
    return Error{Code::kDenied, About::kNothing, "may not patch ociartifacts"};
  });
  const auto refused = publish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDenied);
  EXPECT_THAT(refused.error().message,
              HasSubstr("may not patch ociartifacts; the artifact 127.0.0.1:5000/team/"));
  EXPECT_THAT(refused.error().message, HasSubstr("goes after 3600 s, unless an object refers to it"));
}

TEST_F(PublishTest, AnArtifactThatExpiredUnseenIsPublishedAgain) {
  ASSERT_TRUE(publish());
  ASSERT_TRUE(api().erase(oci_artifact_type(), {"team", "podinfo"}));
  // Its lease runs out between the look of the push and the write of the object.
  api().on_call([&](const kube::testing::Call& call) -> std::optional<Error> {
    if (call.is_write()) registry.manifests.clear(), registry.tags.clear();
    return std::nullopt;
  });
  registry_writes();
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_THAT(registry_writes(), SizeIs(1));
  EXPECT_THAT(registry.manifests, SizeIs(1));
}

TEST_F(PublishTest, OwnersAreCompletedAndMustBeInTheNamespace) {
  const auto owner = put(producer_type(), "build");
  resource.owner =
      ObjectId{.api_version = {}, .kind = "build", .namespace_name = {}, .name = "build", .uid = {}};
  ASSERT_TRUE(publish());
  const auto object = stored(oci_artifact_type(), "podinfo");
  EXPECT_EQ(
      kube::to_text(*find_at(object, "metadata.ownerReferences")),
      R"([{"apiVersion":"demo.example/v1","kind":"Build","name":"build","uid":")" + owner.uid + R"("}])");
  EXPECT_TRUE(publish()->unchanged);

  resource.owner->uid = "of-another";
  EXPECT_EQ(publish().error().code, Code::kConflict);
  resource.owner->namespace_name = "other";
  EXPECT_EQ(publish().error().code, Code::kInvalid);
  resource.owner =
      ObjectId{.api_version = {}, .kind = "build", .namespace_name = {}, .name = "none", .uid = {}};
  EXPECT_EQ(publish().error().code, Code::kNotFound);
}

TEST_F(PublishTest, NeedsANameForTheArtifact) {
  options.push.identity.reset();
  EXPECT_EQ(publish().error().code, Code::kInvalid);
  options.target = Reference::parse("team/podinfo:1").value();
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(field("spec.repository"), "team/podinfo");
  EXPECT_EQ(field("spec.tag"), "1");
}

TEST_F(PublishTest, NamesOfOcmAreFlat) {
  options.scheme = NamingScheme::kOcmV1;
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->artifact.repository, repository_of(*options.push.identity, NamingScheme::kOcmV1));
  EXPECT_EQ(field("spec.scheme"), "ocm-v1");
}

TEST_F(PublishTest, OtherRegistriesHaveNoLeasesAndMustBeMeant) {
  registry.lamina = false;
  const auto refused = publish();
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  EXPECT_THAT(api().writes(), SizeIs(0));
  EXPECT_THAT(registry_writes(), SizeIs(0));
  resource.registry = RegistryAccess{
      .host = "127.0.0.1:5000", .plain_http = true, .secret = "login", .certificate_secret = {}};
  ASSERT_TRUE(publish());
  EXPECT_EQ(kube::to_text(*find_at(stored(oci_artifact_type(), "podinfo"), "spec.registry")),
            R"({"host":"127.0.0.1:5000","plainHTTP":true,"secretRef":{"name":"login"}})");
  options.target = Reference::parse("other.example/team/podinfo:1").value();
  EXPECT_EQ(publish().error().code, Code::kInvalid);
}

class PublishToStatusTest : public PublishTest {
 protected:
  PublishToStatusTest() { build = put(producer_type(), "build"); }

  Result<PublishedObject> publish(StatusForm form = StatusForm::kAuto) {
    return cluster().publish_to_status(client(), {"Build", "team", "build"},
                                       FileContent{folder() / "content"}, options, form);
  }
  /// As a schema without this member of the status.
  void lack(const std::string& member) {
    api().on_call([member](const kube::testing::Call& call) -> std::optional<Error> {
      if (!call.is_write() || call.json.find("\"" + member + "\":") == std::string::npos) return std::nullopt;
      return Error{Code::kUnavailable, About::kNothing,
                   ".status." + member + ": field not declared in schema"};
    });
  }
  oci::Json status() { return *find_at(stored(producer_type(), "build"), "status"); }

  kube::Object build;
};

TEST_F(PublishToStatusTest, WritesTheReferenceOfTheToolkit) {
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  const auto written = *find_at(status(), "ociArtifact");
  EXPECT_EQ(text_at(written, "repository"), published->artifact.repository.str());
  EXPECT_EQ(text_at(written, "digest"), published->artifact.manifest.digest.to_string());
  EXPECT_EQ(text_at(written, "blob.digest"), Digest::of("first").to_string());
  EXPECT_EQ(text_at(written, "blob.tag"), "1.0");
  EXPECT_EQ(integer_at(written, "blob.size"), 5);
  const auto lease = oci::parse_json(registry.published_json).value();
  EXPECT_EQ(text_at(lease, "owner.kind"), "Build");
  EXPECT_EQ(text_at(lease, "owner.uid"), build.uid);
  EXPECT_EQ(api().writes().back().subresource, "status");
  const auto found = cluster().resolve({"Build", "team", "build"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->oci->digest, published->artifact.manifest.digest);

  api().forget_calls();
  registry_writes();
  EXPECT_TRUE(publish()->unchanged);
  EXPECT_THAT(api().writes(), SizeIs(0));
  EXPECT_THAT(registry_writes(), SizeIs(0));
}

TEST_F(PublishToStatusTest, WritesTheReferenceOfFluxWhereTheSchemaHasThat) {
  registry.advertise_url = "http://files.example";
  lack("ociArtifact");
  options.metadata = {{"k", "v"}};
  const auto published = publish();
  ASSERT_TRUE(published) << published.error().message;
  const auto written = status();
  EXPECT_EQ(text_at(written, "artifact.url"), published->artifact.url);
  EXPECT_TRUE(published->artifact.url.ends_with("/" + text_at(written, "artifact.path")));
  EXPECT_EQ(text_at(written, "artifact.digest"), Digest::of("first").to_string());
  EXPECT_EQ(text_at(written, "artifact.revision"), "1.0@" + Digest::of("first").to_string());
  EXPECT_EQ(text_at(written, "artifact.lastUpdateTime"), "1970-01-12T13:46:40Z");
  EXPECT_EQ(integer_at(written, "artifact.size"), 5);
  EXPECT_EQ(map_at(written, "artifact.metadata"), options.metadata);

  now += std::chrono::hours(1);
  options.metadata = {{"k", "w"}};  // Other metadata, the same content: the time stays.
  ASSERT_TRUE(publish());
  EXPECT_EQ(text_at(status(), "artifact.lastUpdateTime"), "1970-01-12T13:46:40Z");
  write_file("content", "second");
  ASSERT_TRUE(publish());
  EXPECT_EQ(text_at(status(), "artifact.lastUpdateTime"), "1970-01-12T14:46:40Z");
}

TEST_F(PublishToStatusTest, SaysWhereThereIsNoPlace) {
  api().on_call([](const kube::testing::Call& call) -> std::optional<Error> {
    if (!call.is_write()) return std::nullopt;
    return Error{Code::kUnavailable, About::kNothing, "no leader"};
  });
  EXPECT_EQ(publish().error().code, Code::kUnavailable);  // Not taken for a lack.
  api().on_call([](const kube::testing::Call& call) -> std::optional<Error> {
    if (!call.is_write()) return std::nullopt;
    return Error{Code::kUnavailable, About::kNothing, ".status.x: field not declared in schema"};
  });
  registry.advertise_url = "http://files.example";
  const auto nowhere = publish();
  EXPECT_EQ(nowhere.error().code, Code::kUnsupported);
  EXPECT_THAT(nowhere.error().message, HasSubstr("has neither status.ociArtifact nor status.artifact"));
  EXPECT_THAT(publish(StatusForm::kArtifact).error().message, HasSubstr("has no status.artifact, or"));
  EXPECT_THAT(publish(StatusForm::kOciArtifact).error().message, HasSubstr("has no status.ociArtifact, or"));

  EXPECT_EQ(cluster()
                .publish_to_status(client(), {"OCIArtifact", "team", "a"}, FileContent{folder() / "content"},
                                   options)
                .error()
                .code,
            Code::kInvalid);
  EXPECT_EQ(
      cluster()
          .publish_to_status(client(), {"Build", "team", "none"}, FileContent{folder() / "content"}, options)
          .error()
          .code,
      Code::kNotFound);
}

}  // namespace
}  // namespace lamina::cluster::testing
