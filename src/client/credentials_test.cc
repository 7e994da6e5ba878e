// SPDX-License-Identifier: Apache-2.0
#include "client/credentials.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "client/helper_process.h"

namespace lamina::client {
namespace {

Result<std::optional<std::string>> no_helper(const std::string& program, const std::string&) {
  return fail(Code::kInternal, "not expected: " + program);
}

std::string user_for(const char* json, const char* registry, const char* repository = "a/b") {
  const auto found = credentials_from_config(json, registry, repository, no_helper);
  if (!found) return "error: " + found.error().message;
  return *found ? (*found)->username + ":" + (*found)->password + (*found)->identity_token : "none";
}

TEST(CredentialsTest, Auths) {
  const char* json = R"({"auths":{
    "h:5000":{"auth":"dTpwOnE="}, "h:5000/a":{"username":"path","password":"x"}, "https://other.example/v1/":{"auth":"bzpw"},
    "https://index.docker.io/v1/":{"auth":"aHViOnA="}, "token.example":{"identitytoken":"t"}, "empty.example":{},
    "bad.example":{"auth":"!"}}})";
  EXPECT_EQ(user_for(json, "h:5000", "z"), "u:p:q");
  EXPECT_EQ(user_for(json, "h:5000", "a/b"), "path:x");
  EXPECT_EQ(user_for(json, "h:5000", "ab"), "u:p:q");
  EXPECT_EQ(user_for(json, "h:50000"), "none");
  EXPECT_EQ(user_for(json, "other.example"), "o:p");
  EXPECT_EQ(user_for(json, "docker.io"), "hub:p");
  EXPECT_EQ(user_for(json, "token.example"), ":t");
  EXPECT_EQ(user_for(json, "empty.example"), "none");
  EXPECT_TRUE(user_for(json, "bad.example").starts_with("error: "));
  EXPECT_TRUE(user_for("{", "h").starts_with("error: "));
  EXPECT_EQ(user_for("{}", "h"), "none");
}

TEST(CredentialsTest, HelpersComeFirstAndTheStoreLast) {
  const char* json =
      R"({"credHelpers":{"a.example":"one"},"credsStore":"two","auths":{"a.example":{"auth":"dTpw"},
    "b.example":{}, "c.example":{"auth":"dTpw"}}})";
  std::string asked;
  const HelperRunner run = [&](const std::string& program,
                               const std::string& server) -> Result<std::optional<std::string>> {
    asked = program + " " + server;
    if (server == "d.example") return std::nullopt;
    return server == "a.example" ? R"({"ServerURL":"a","Username":"<token>","Secret":"s"})"
                                 : R"({"Username":"w","Secret":"s"})";
  };
  EXPECT_EQ(credentials_from_config(json, "a.example", "r", run).value()->identity_token, "s");
  EXPECT_EQ(asked, "docker-credential-one a.example");
  EXPECT_EQ(credentials_from_config(json, "b.example", "r", run).value()->username, "w");
  EXPECT_EQ(asked, "docker-credential-two b.example");
  EXPECT_EQ(credentials_from_config(json, "c.example", "r", run).value()->username, "u");
  EXPECT_FALSE(credentials_from_config(json, "d.example", "r", run).value());
}

class HelperTest : public ::testing::Test {
 protected:
  HelperTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lamina-helper-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~HelperTest() override { std::filesystem::remove_all(folder_); }
  std::string script(const std::string& body) {
    const auto path = folder_ / "helper";
    std::ofstream(path) << "#!/bin/sh\n" << body;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }
  std::filesystem::path folder_;
};

TEST_F(HelperTest, ProtocolOfTheHelpers) {
  EXPECT_EQ(run_credential_helper(script("echo \"$1 $(cat)\""), "h:1").value(), "get h:1\n");
  EXPECT_EQ(run_credential_helper(script("exec 0<&-; echo x"), "h:1").value(), "x\n");
  EXPECT_FALSE(
      run_credential_helper(script("echo credentials not found in native keychain; exit 1"), "h").value());
  EXPECT_EQ(run_credential_helper(script("echo locked; exit 1"), "h").error().code, Code::kUnauthorized);
  EXPECT_EQ(run_credential_helper((folder_ / "none").string(), "h").error().code, Code::kUnauthorized);
}

TEST_F(HelperTest, ConfigIsReadFromItsDirectory) {
  const auto credentials = docker_credentials(folder_);
  EXPECT_FALSE(credentials->find("h", "r").value());
  std::ofstream(folder_ / "config.json") << R"({"auths":{"h":{"auth":"dTpw"}}})";
  EXPECT_EQ(credentials->find("h", "r").value()->username, "u");
  EXPECT_FALSE(fixed_credentials("h", {.username = "u", .password = "p", .identity_token = {}})
                   ->find("i", "")
                   .value());
}

TEST(CredentialsFromText, RunNoPrograms) {
  const auto credentials =
      docker_credentials_from(R"({"auths":{"h":{"auth":"dTpw"}},"credHelpers":{"i":"does-not-exist"}})");
  EXPECT_EQ(credentials->find("h", "r").value()->password, "p");
  EXPECT_FALSE(credentials->find("i", "r").value());
}

}  // namespace
}  // namespace lamina::client
