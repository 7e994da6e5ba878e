// SPDX-License-Identifier: Apache-2.0
#include "controller/registry_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_impl.h"
#include "client/testing/client_fixture.h"
#include "kube/testing/fake_api.h"
#include "oci/base64.h"

namespace lamina::controller {
namespace {

using client::testing::Answer;
using client::testing::Sent;
using ::testing::HasSubstr;

const kube::ResourceType kSecrets{.group = "", .version = "v1", .plural = "secrets", .kind = "Secret"};

class RegistryContentTest : public client::testing::ClientTest {
 protected:
  RegistryContentTest() {
    client_options.retries = 0;
    api.add_type(kSecrets);
    layer = "content";
    registry.put_blob("team-a/app", layer);
    registry.put_blob("team-a/app", "{}");
    put_manifest(R"([{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
                 Digest::of(layer).to_string() + R"(","size":7}])");
  }

  void put_manifest(const std::string& layers) {
    manifest = registry.put_manifest(
        "team-a/app", "v1", std::string(media_type::kImageManifest),
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b",)"
        R"("config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":")" +
            empty_descriptor().digest.to_string() + R"(","size":2},"layers":)" + layers + "}");
  }
  void put_secret(const std::string& name, const std::string& key, const std::string& value) {
    api.put(kSecrets, R"({"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"team-a","name":")" +
                          name + R"("},"data":{")" + key + R"(":")" + oci::to_base64(value) + R"("}})");
  }
  /// What objects call the registry is not how it is reached.
  std::expected<Content, Trouble> look(const Expected& expected = {},
                                       const RegistryAccess* access = nullptr) {
    const auto reference = Reference::parse("lamina.test/team-a/app:v1").value();
    return content.look(reference, expected, access, "team-a");
  }
  Reason reason_of(const Expected& expected = {}) { return look(expected).error().reason; }

  kube::testing::FakeApi api;
  std::string layer;
  Digest manifest;
  std::vector<ClientOptions> made;
  Client own{impl()};
  RegistryContent content{api, own, "127.0.0.1:5000", [this](ClientOptions options) {
                            made.push_back(std::move(options));
                            return std::make_unique<Client>(impl());
                          }};
};

TEST_F(RegistryContentTest, SeesManifestAndLayer) {
  const auto seen = look();
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->manifest.digest, manifest);
  EXPECT_EQ(seen->layer.digest, Digest::of(layer));
  EXPECT_EQ(seen->layer.size, 7u);
}

TEST_F(RegistryContentTest, WhatDiffersFromWhatIsExpectedIsNotTaken) {
  EXPECT_TRUE(look({.layer_digest = Digest::of(layer), .layer_size = 7, .layer_media_type = {}}));
  const auto wrong = look({.layer_digest = Digest::of("other")});
  EXPECT_EQ(wrong.error().reason, Reason::kDigestMismatch);
  EXPECT_THAT(wrong.error().message,
              HasSubstr("expected a layer with digest " + Digest::of("other").to_string() + ", found " +
                        Digest::of(layer).to_string()));
  EXPECT_EQ(reason_of({.layer_size = 8}), Reason::kDigestMismatch);
  EXPECT_EQ(reason_of({.layer_media_type = "text/plain"}), Reason::kDigestMismatch);
}

TEST_F(RegistryContentTest, WrongBytesAreSeen) {
  registry.blobs["team-a/app@" + Digest::of(layer).to_string()] = "CONTENT";
  EXPECT_EQ(reason_of(), Reason::kDigestMismatch);
}

TEST_F(RegistryContentTest, WhatIsNoArtifactIsUnsupported) {
  put_manifest("[]");
  EXPECT_EQ(reason_of(), Reason::kUnsupportedArtifact);
}

TEST_F(RegistryContentTest, DamageThatTheRegistryHasFoundIsToldAsSuch) {
  intercept = [&](const Sent& sent) -> std::optional<Answer> {
    if (sent.url.find("/blobs/") == std::string::npos) return std::nullopt;
    return Answer{.status = 404,
                  .body = R"({"errors":[{"code":"BLOB_UNKNOWN","message":"m","detail":["quarantined"]}]})"};
  };
  EXPECT_EQ(reason_of(), Reason::kContentCorrupted);
}

struct AnswerCase {
  unsigned status;
  Reason reason;
};

class AnswersOfARegistry : public RegistryContentTest, public ::testing::WithParamInterface<AnswerCase> {};

TEST_P(AnswersOfARegistry, BecomeReasons) {
  intercept = [&](const Sent&) -> std::optional<Answer> {
    Answer answer{.status = GetParam().status, .body = "{}"};
    answer.headers.add("Retry-After", "7");
    return answer;
  };
  const auto seen = look();
  EXPECT_EQ(seen.error().reason, GetParam().reason);
  EXPECT_EQ(seen.error().retry_after, std::chrono::seconds(7));
}

INSTANTIATE_TEST_SUITE_P(Table, AnswersOfARegistry,
                         ::testing::Values(AnswerCase{401, Reason::kAuthenticationFailed},
                                           AnswerCase{403, Reason::kAuthenticationFailed},
                                           AnswerCase{404, Reason::kArtifactNotFound},
                                           AnswerCase{429, Reason::kRegistryRateLimited},
                                           AnswerCase{500, Reason::kRegistryUnavailable},
                                           AnswerCase{503, Reason::kRegistryUnavailable}),
                         [](const auto& tested) { return "status" + std::to_string(tested.param.status); });

TEST_F(RegistryContentTest, SecretsAreReadAtEachLookAndAClientIsKeptWhileTheyStay) {
  const RegistryAccess access{
      .host = "127.0.0.1:5000", .plain_http = true, .credentials_secret = "pull", .tls_secret = ""};
  EXPECT_EQ(look({}, &access).error().reason, Reason::kSecretNotFound);
  put_secret("pull", "wrong", "{}");
  EXPECT_EQ(look({}, &access).error().reason, Reason::kSecretNotFound);
  put_secret("pull", ".dockerconfigjson", R"({"auths":{"lamina.test":{"auth":"dTpw"}}})");
  ASSERT_EQ(made.size(), 0u);
  static_cast<void>(look({}, &access));
  static_cast<void>(look({}, &access));
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].plain_http, PlainHttp::kAlways);
  EXPECT_EQ(made[0].credentials->find("lamina.test", "x").value()->password, "p");
  put_secret("pull", ".dockerconfigjson", "{}");
  static_cast<void>(look({}, &access));
  EXPECT_EQ(made.size(), 2u);
}

TEST_F(RegistryContentTest, AuthoritiesComeFromASecret) {
  const RegistryAccess access{.host = "127.0.0.1:5000", .credentials_secret = "", .tls_secret = "tls"};
  put_secret("tls", "ca.crt", "PEM");
  static_cast<void>(look({}, &access));
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].ca_pem, "PEM");
  EXPECT_EQ(made[0].plain_http, PlainHttp::kNever);
}

TEST_F(RegistryContentTest, WhatIsNotThereIsRemoved) {
  const auto reference = Reference::parse("lamina.test/team-a/other@" + manifest.to_string()).value();
  EXPECT_TRUE(content.remove(reference));
}

}  // namespace
}  // namespace lamina::controller
