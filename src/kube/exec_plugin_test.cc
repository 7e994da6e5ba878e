// SPDX-License-Identifier: Apache-2.0
#include "kube/exec_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kV1 = "client.authentication.k8s.io/v1";

std::string credential(const std::string& status, const std::string& version = kV1) {
  return R"({"kind":"ExecCredential","apiVersion":")" + version + R"(","status":)" + status + "}";
}

Config with_plugin(std::string script) {
  Config config;
  config.server = "https://k:6443";
  config.exec = ExecPlugin{.command = "sh",
                           .arguments = {"-c", std::move(script)},
                           .environment = {{"TOKEN", "t-1"}},
                           .api_version = kV1};
  return config;
}

TEST(ExecPlugin, CredentialsAreRead) {
  const auto token =
      parse_exec_credential(credential(R"({"token":"t","expirationTimestamp":"2026-01-01T00:00:10Z"})"), kV1);
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->token, "t");
  EXPECT_EQ(token->expires,
            std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::seconds(10));
  const auto certificate =
      parse_exec_credential(credential(R"({"clientCertificateData":"C","clientKeyData":"K"})"), kV1);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->certificate + certificate->key, "CK");
  EXPECT_FALSE(certificate->expires);
}

TEST(ExecPlugin, WhatIsNoCredentialIsNotShown) {
  for (const std::string& text : {std::string("hunter2"), std::string(R"({"token":"hunter2"})"),
                                  credential(R"({"token":"hunter2"})", "v0"), credential("{}"),
                                  credential(R"({"clientKeyData":"hunter2"})"),
                                  credential(R"({"token":"hunter2","expirationTimestamp":"soon"})")}) {
    const auto read = parse_exec_credential(text, kV1);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::kUnauthorized);
    EXPECT_THAT(read.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(ExecPlugin, IsTold) {
  Config config = with_plugin("");
  EXPECT_EQ(
      exec_info(config),
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}})");
  config.exec->provide_cluster_info = true;
  config.ca = "CA";
  config.tls_server_name = "n";
  EXPECT_EQ(
      exec_info(config),
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,)"
      R"("cluster":{"server":"https://k:6443","certificate-authority-data":"Q0E=","tls-server-name":"n"}}})");
}

TEST(ExecPlugin, Runs) {
  // Its token says what it was told.
  const auto read = run_exec_plugin(with_plugin(
      R"(case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) told=yes;; esac; cat; )"
      R"(echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$TOKEN-$told-${PATH:+path}'"}}')"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->token, "t-1-yes-path");
}

TEST(ExecPlugin, FailuresAreTold) {
  const auto failed = run_exec_plugin(with_plugin("echo hunter2; exit 3"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "the credential plug-in sh: it ended with status 3");
  EXPECT_EQ(run_exec_plugin(with_plugin("kill -9 $$")).error().message,
            "the credential plug-in sh: it was killed");
  Config missing = with_plugin("");
  missing.exec->command = "/nowhere/plugin";
  EXPECT_THAT(run_exec_plugin(missing).error().message, HasSubstr("it cannot be run: No such file"));
}

}  // namespace
}  // namespace lamina::kube
