// SPDX-License-Identifier: Apache-2.0
#include "cluster/references.h"

#include <gtest/gtest.h>

namespace lamina::cluster {
namespace {

const std::string kHexA(64, 'a');
const std::string kHexB(64, 'b');
const std::string kA = "sha256:" + kHexA;
const std::string kB = "sha256:" + kHexB;

oci::Json json(const std::string& text) { return oci::parse_json(text).value(); }

/// An object with this part beside its metadata.
oci::Json object(const std::string& api_version, const std::string& kind, const std::string& rest) {
  return json(R"({"apiVersion":")" + api_version + R"(","kind":")" + kind +
              R"(","metadata":{"name":"podinfo","namespace":"team","uid":"u-1","generation":3},)" + rest +
              "}");
}

ObjectReference reference_of(const oci::Json& from) {
  const auto statement = read_reference(from);
  EXPECT_TRUE(statement) << statement.error().message;
  const auto* reference = statement ? std::get_if<ObjectReference>(&*statement) : nullptr;
  EXPECT_NE(reference, nullptr);
  return reference != nullptr ? *reference : ObjectReference();
}

std::string ready(bool status, const std::string& reason, const std::string& message) {
  return R"("conditions":[{"type":"Other","status":"True","reason":"X","message":"x"},{"type":"Ready","status":")" +
         std::string(status ? "True" : "False") + R"(","reason":")" + reason + R"(","message":")" + message +
         R"("}])";
}

TEST(References, OciArtifactThatWasVerified) {
  const auto found = reference_of(object(
      "lamina.dev/v1alpha1", "OCIArtifact",
      R"("spec":{"identity":{"a":"b"},"metadata":{"k":"v"},"revision":"main"},"status":{"observedGeneration":3,)"
      R"("url":"http://r/files/team/x/)" +
          kA +
          R"(/x.tar.gz","artifact":{"registry":"r.example:5000",)"
          R"("repository":"team/x","tag":"1.0","digest":")" +
          kA + R"(","mediaType":"m","layer":{"digest":")" + kB +
          R"(","size":7,"mediaType":"l"},"revision":"main@)" + kB + R"("},)" +
          ready(true, "Succeeded", "ok") + "}"));
  EXPECT_EQ(found.form, ReferenceForm::kOciArtifact);
  EXPECT_EQ(found.carrier, (ObjectId{"lamina.dev/v1alpha1", "OCIArtifact", "team", "podinfo", "u-1"}));
  EXPECT_EQ(found.oci->to_string(), "r.example:5000/team/x:1.0@" + kA);
  EXPECT_EQ(found.digest->to_string(), kB);
  EXPECT_EQ(found.size, 7U);
  EXPECT_EQ(found.revision, "main@" + kB);
  EXPECT_EQ(found.metadata, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(found.identity, (Identity{{"a", "b"}}));
  EXPECT_TRUE(found.ready);
  EXPECT_EQ(found.version(), kA);
}

TEST(References, OciArtifactOfAnOlderGenerationIsNotReady) {
  const auto found = reference_of(
      object("lamina.dev/v1alpha1", "OCIArtifact",
             R"("spec":{},"status":{"observedGeneration":2,"artifact":{"repository":"team/x","digest":")" +
                 kA + R"("},)" + ready(true, "Succeeded", "ok") + "}"));
  EXPECT_FALSE(found.ready);
  EXPECT_EQ(found.message, "the controller has not looked at generation 3 yet");
}

TEST(References, OciArtifactThatNobodyLookedAtIsWhatItsSpecNames) {
  const struct {
    std::string spec;
    std::string expected;
  } kCases[] = {
      {R"({"repository":"team/x"})", "team/x"},
      {R"({"repository":"team/x","tag":"1","registry":{"host":"r.example"}})", "r.example/team/x:1"},
      {R"({"identity":{"a":"b"},"digest":")" + kA + R"("})",
       "team/" + repository_of(Identity{{"a", "b"}})->str() + "@" + kA},
      {R"({"identity":{"a":"b"},"scheme":"ocm-v1","tag":"v"})", "sha-3629586248519120669:v"},
  };
  for (const auto& c : kCases) {
    const auto found = reference_of(object("lamina.dev/v1alpha1", "OCIArtifact",
                                           "\"spec\":" + c.spec + R"(,"status":{"observedGeneration":-1})"));
    EXPECT_EQ(found.oci->to_string(), c.expected);
    EXPECT_FALSE(found.ready);
    EXPECT_EQ(found.message, "no controller has verified the artifact yet");
  }
}

TEST(References, SnapshotOfV1) {
  const auto found = reference_of(object(
      "delivery.ocm.software/v1alpha1", "Snapshot",
      R"("spec":{"identity":{"a":"b"},"digest":")" + kA + R"(","tag":"1.0"},"status":{"digest":")" + kB +
          R"(","tag":"1.0","repositoryURL":"https://registry.ocm-system.svc:5000/sha-3629586248519120669"})"));
  EXPECT_EQ(found.form, ReferenceForm::kSnapshot);
  EXPECT_EQ(found.oci->to_string(), "registry.ocm-system.svc:5000/sha-3629586248519120669:1.0");
  EXPECT_EQ(found.digest->to_string(), kB);  // As v1's readers: of the status.
  EXPECT_TRUE(found.ready) << "a Snapshot without a condition passes";
  EXPECT_EQ(found.version(), kB);
}

TEST(References, SnapshotOfV1ThatNobodyReconciled) {
  const auto found =
      reference_of(object("delivery.ocm.software/v1alpha1", "Snapshot",
                          R"("spec":{"identity":{},"digest":")" + kA + R"(","tag":"1.0+build"})"));
  EXPECT_EQ(found.oci->to_string(), "sha-12161962213042174405");  // A tag with '+' is none.
  EXPECT_EQ(found.digest->to_string(), kA);
  EXPECT_FALSE(found.ready);
}

TEST(References, SnapshotWithTheFieldsOfTheToolkit) {
  const auto found =
      reference_of(object("delivery.ocm.software/v1alpha1", "Snapshot",
                          R"("spec":{"repository":"sha-1","digest":")" + kA + R"(","blob":{"digest":")" + kB +
                              R"(","tag":"1.0","size":9}},"status":{)" + ready(false, "Failed", "no") + "}"));
  EXPECT_EQ(found.form, ReferenceForm::kToolkitSnapshot);
  EXPECT_EQ(found.oci->to_string(), "sha-1:1.0@" + kA);
  EXPECT_FALSE(found.digest);
  EXPECT_EQ(found.claimed_digest, kB);
  EXPECT_EQ(found.claimed_size, 9U);
  EXPECT_FALSE(found.ready);
  EXPECT_EQ(found.reason, "Failed");
  EXPECT_EQ(found.message, "no");
}

TEST(References, ArtifactOfOpenfluxcd) {
  const auto found = reference_of(
      object("openfluxcd.ocm.software/v1alpha1", "Artifact",
             R"("spec":{"url":"http://storage/component/team/podinfo/f.tar.gz","revision":"1.0","size":12,)"
             R"("lastUpdateTime":"2024-01-02T03:04:05Z","digest":")" +
                 kA + R"(","metadata":{"k":"v"}},"status":{})"));
  EXPECT_EQ(found.form, ReferenceForm::kArtifact);
  EXPECT_FALSE(found.oci);
  EXPECT_EQ(found.url, "http://storage/component/team/podinfo/f.tar.gz");
  EXPECT_EQ(found.digest->to_string(), kA);
  EXPECT_EQ(found.size, 12U);
  EXPECT_EQ(found.revision, "1.0");
  EXPECT_TRUE(found.ready);
}

// The producers of ocm-k8s-toolkit v2: of status.ociArtifact, the digest of the manifest alone binds.
TEST(References, StatusOciArtifactOfTheToolkit) {
  const struct {
    std::string_view kind;
    std::string pointer;
    std::string_view expected_tag;
    std::string claimed;
  } kCases[] = {
      {"Component", R"({"digest":")" + kB + R"(","tag":"1.0.build-7","size":100})", "1.0.build-7", kB},
      {"Resource", R"({"digest":")" + kHexB + R"(","tag":"1.0","size":100})", "1.0", kHexB},
      {"Resource", R"({"digest":")" + kHexB + R"(","tag":"1.0+7","size":0})", "", kHexB},
      {"ConfiguredResource", R"({"digest":")" + kB + R"(","tag":"latest","size":100})", "latest", kB},
      {"LocalizedResource", R"({"digest":")" + kB + R"(","tag":"latest","size":100})", "latest", kB},
  };
  for (const auto& c : kCases) {
    const auto found =
        reference_of(object("delivery.ocm.software/v1alpha1", std::string(c.kind),
                            R"("status":{"ociArtifact":{"repository":"sha-14625665918924187531","digest":")" +
                                kA + R"(","blob":)" + c.pointer + "}," + ready(true, "Succeeded", "") + "}"));
    EXPECT_EQ(found.form, ReferenceForm::kStatusOciArtifact);
    EXPECT_EQ(found.oci->repository.str(), "sha-14625665918924187531");
    EXPECT_EQ(found.oci->digest->to_string(), kA);
    EXPECT_EQ(found.oci->tag ? found.oci->tag->str() : "", c.expected_tag);
    EXPECT_FALSE(found.digest) << c.kind;
    EXPECT_FALSE(found.size) << c.kind;
    EXPECT_EQ(found.claimed_digest, c.claimed);
    EXPECT_TRUE(found.ready);
  }
}

TEST(References, StatusArtifactOfFlux) {
  for (const std::string kind :
       {"OCIRepository", "GitRepository", "Bucket", "HelmChart", "ExternalArtifact"}) {
    const auto found = reference_of(
        object("source.toolkit.fluxcd.io/v1", kind,
               R"("status":{"artifact":{"url":"http://source/x.tar.gz","path":"x.tar.gz","digest":")" + kA +
                   R"(","revision":"main@sha1:0","lastUpdateTime":"2024-01-02T03:04:05Z","size":5},)" +
                   ready(false, "Failed", "no upstream") + "}"));
    EXPECT_EQ(found.form, ReferenceForm::kStatusArtifact) << kind;
    EXPECT_EQ(found.url, "http://source/x.tar.gz");
    EXPECT_EQ(found.digest->to_string(), kA);
    EXPECT_EQ(found.size, 5U);
    EXPECT_FALSE(found.ready) << "whether to take the last artifact of a failed source, callers decide";
  }
  // Flux reads a digest without an algorithm as sha256.
  EXPECT_EQ(reference_of(object("a.example/v1", "X",
                                R"("status":{"artifact":{"url":"http://s/x","digest":")" + kHexA + R"("}})"))
                .digest->to_string(),
            kA);
}

TEST(References, ProducersOfV1NameASnapshot) {
  for (const std::string name : {"podinfo-abcdefg", ""}) {
    const auto statement =
        read_reference(object("delivery.ocm.software/v1alpha1", "Resource",
                              R"("status":{"snapshotName":")" + name + R"(","conditions":[]})"));
    ASSERT_TRUE(statement) << statement.error().message;
    const auto* snapshot = std::get_if<SnapshotName>(&*statement);
    ASSERT_NE(snapshot, nullptr);
    EXPECT_EQ(snapshot->name, name);
  }
}

TEST(References, ObjectsWithoutAReferenceSayNothing) {
  for (const std::string rest : {R"("spec":{})", R"("status":{"ociArtifact":null})", R"("status":"x")"}) {
    const auto statement = read_reference(object("v1", "ConfigMap", rest));
    ASSERT_TRUE(statement) << statement.error().message;
    EXPECT_TRUE(std::holds_alternative<std::monostate>(*statement)) << rest;
  }
}

TEST(References, AnObjectThatIsBeingDeletedIsNotReady) {
  const auto found = reference_of(json(
      R"({"apiVersion":"a.example/v1","kind":"X","metadata":{"name":"n","deletionTimestamp":"2024-01-02T03:04:05Z"},)"
      R"("status":{"artifact":{"url":"http://s/x","digest":")" +
      kA + R"("}}})"));
  EXPECT_FALSE(found.ready);
  EXPECT_EQ(found.message, "the object is being deleted");
}

TEST(References, MalformedFieldsAreNamed) {
  const struct {
    std::string api_version, kind, rest;
    std::string_view expected;
  } kCases[] = {
      {"lamina.dev/v1alpha1", "OCIArtifact",
       R"("status":{"artifact":{"repository":"UPPER","digest":")" + kA + R"("}})",
       "OCIArtifact.lamina.dev/team/podinfo: status.artifact.repository: "},
      {"lamina.dev/v1alpha1", "OCIArtifact", R"("status":{"artifact":{"repository":"x"}})",
       "OCIArtifact.lamina.dev/team/podinfo: status.artifact.digest: expected a value, found none"},
      {"lamina.dev/v1alpha1", "OCIArtifact", R"("spec":{})",
       "OCIArtifact.lamina.dev/team/podinfo: spec.identity: "},
      {"delivery.ocm.software/v1alpha1", "Snapshot", R"("spec":{"identity":{},"tag":"1"})",
       "Snapshot.delivery.ocm.software/team/podinfo: spec.digest: expected a value, found none"},
      {"delivery.ocm.software/v1alpha1", "Resource",
       R"("status":{"ociArtifact":{"repository":"sha-1","digest":"sha256:0"}})",
       "Resource.delivery.ocm.software/team/podinfo: status.ociArtifact.digest: "},
      {"openfluxcd.ocm.software/v1alpha1", "Artifact", R"("spec":{"url":"http://s/x","revision":"1"})",
       "Artifact.openfluxcd.ocm.software/team/podinfo: spec.digest: expected a value, found none"},
      {"openfluxcd.ocm.software/v1alpha1", "Artifact",
       R"("spec":{"url":"file:///etc/passwd","digest":")" + kA + R"("})",
       "Artifact.openfluxcd.ocm.software/team/podinfo: spec.url: expected an http or https URL"},
      {"a.example/v1", "X", R"("status":{"artifact":{"name":"x"}})",
       "X.a.example/team/podinfo: status.artifact: expected {repository, digest, ...} or {url, digest, ...}"},
  };
  for (const auto& c : kCases) {
    const auto statement = read_reference(object(c.api_version, c.kind, c.rest));
    ASSERT_FALSE(statement) << c.expected;
    EXPECT_TRUE(statement.error().message.starts_with(c.expected)) << statement.error().message;
  }
}

TEST(References, OfHoldersAtAPathOfTheirOwn) {
  const oci::Json holder = object("a.example/v1", "X",
                                  R"("status":{"outputs":{"blob":{"repository":"team/x","digest":")" + kA +
                                      R"("},"other":{"url":"http://s/x","digest":")" + kB + R"("}}})");
  EXPECT_EQ(read_reference_at(holder, "status.outputs.blob").value()->oci->to_string(), "team/x@" + kA);
  EXPECT_EQ(read_reference_at(holder, "status.outputs.other").value()->version(), kB);
  EXPECT_FALSE(read_reference_at(holder, "status.outputs.none").value());
  EXPECT_EQ(read_reference_at(holder, "status.outputs").error().code, Code::kInvalid);
}

TEST(References, UrlsOfTheFileFaceNameAnArtifact) {
  EXPECT_EQ(artifact_of_url("http://lamina:5000/files/team/x/" + kA + "/x.tar.gz")->to_string(),
            "team/x@" + kA);
  EXPECT_EQ(artifact_of_url("https://h/base/files/x/" + kA + "/a%20b")->to_string(), "x@" + kA);
  const std::string kOthers[] = {"http://files/x",
                                 "http://h/files/x.tar.gz",
                                 "/files/x/" + kA + "/f",
                                 "http://h/files/" + kA + "/f",
                                 "http://h/files/x/sha256:0/f",
                                 "http://h/other/x/y"};
  for (const std::string& url : kOthers) {
    EXPECT_FALSE(artifact_of_url(url)) << url;
  }
}

TEST(ObjectName, IsKindNamespaceAndName) {
  const auto name = parse_object_name("ociartifacts.lamina.dev/team/podinfo");
  ASSERT_TRUE(name);
  EXPECT_EQ(*name, (ObjectName{"ociartifacts.lamina.dev", "team", "podinfo"}));
  EXPECT_EQ(name->to_string(), "ociartifacts.lamina.dev/team/podinfo");
  for (const std::string_view text : {"", "a", "a/b", "a/b/", "/b/c", "a//c", "a/b/c/d"}) {
    const auto refused = parse_object_name(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_TRUE(refused.error().message.starts_with("expected KIND/NAMESPACE/NAME, found")) << text;
  }
  EXPECT_EQ((ObjectId{"lamina.dev/v1alpha1", "OCIArtifact", "n", "m", ""}.object_name().kind),
            "OCIArtifact.lamina.dev");
  EXPECT_EQ((ObjectId{"v1", "ConfigMap", "n", "m", ""}.object_name().kind), "ConfigMap");
}

}  // namespace
}  // namespace lamina::cluster
