// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kube/testing/turned_clock.h"

namespace lamina::kube {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsTest : public ::testing::Test {
 protected:
  std::string authorization(Credentials& credentials) {
    const auto identity = credentials.get();
    return identity ? (*identity)->authorization : identity.error().message;
  }
  Credentials::PluginRunner plugin() {
    return [this](const Config&) -> Result<ExecCredential> {
      ++runs_;
      return ExecCredential{
          .token = "run-" + std::to_string(runs_), .certificate = {}, .key = {}, .expires = expires_};
    };
  }

  Config config_;
  testing::TurnedClock clock_;
  int runs_ = 0;
  std::optional<UnixTime> expires_;
};

TEST_F(CredentialsTest, NothingIsNoHeader) {
  Credentials credentials(config_, clock_);
  EXPECT_EQ(authorization(credentials), "");
}

TEST_F(CredentialsTest, StaticOnesStay) {
  config_.username = "me";
  config_.password = "secret";
  config_.client_certificate = "C";
  config_.client_key = "K";
  Credentials basic(config_, clock_);
  EXPECT_EQ(authorization(basic), "Basic bWU6c2VjcmV0");
  EXPECT_EQ((*basic.get())->certificate + (*basic.get())->key, "CK");
  config_.token = "t";
  Credentials token(config_, clock_);
  EXPECT_EQ(authorization(token), "Bearer t");
  EXPECT_FALSE(token.refused(*token.get()));
}

TEST_F(CredentialsTest, TokensCannotEndTheHeader) {
  for (const char* bad : {"hunter2\r\nX-Evil: 1", " ", "hunt er2"}) {
    config_.token = bad;
    Credentials credentials(config_, clock_);
    const auto identity = credentials.get();
    ASSERT_FALSE(identity) << bad;
    EXPECT_EQ(identity.error().code, Code::kUnauthorized);
    EXPECT_THAT(identity.error().message, Not(HasSubstr("hunt")));
  }
}

TEST_F(CredentialsTest, TokenFilesAreReadAgain) {
  std::string name = (std::filesystem::temp_directory_path() / "token-XXXXXX").string();
  const int file = mkstemp(name.data());
  ASSERT_GE(file, 0);
  close(file);
  const auto write = [&](const char* text) { std::ofstream(name) << text; };
  write("one\n");
  config_.token_file = name;
  config_.token = "loses";
  Credentials credentials(config_, clock_);
  EXPECT_EQ(authorization(credentials), "Bearer one");
  write("two");
  clock_.time += seconds(59);
  EXPECT_EQ(authorization(credentials), "Bearer one");
  clock_.time += seconds(1);
  EXPECT_EQ(authorization(credentials), "Bearer two");
  write("three");
  EXPECT_TRUE(credentials.refused(*credentials.get()));
  EXPECT_EQ(authorization(credentials), "Bearer three");
  // What was read before may still hold.
  std::filesystem::remove(name);
  clock_.time += seconds(60);
  EXPECT_EQ(authorization(credentials), "Bearer three");
  EXPECT_TRUE(credentials.refused(*credentials.get()));
  EXPECT_FALSE(credentials.get());
}

TEST_F(CredentialsTest, PluginsRunWhenTheirCredentialEnds) {
  config_.exec.emplace();
  expires_ = clock_.time + seconds(100);
  Credentials credentials(config_, clock_, plugin());
  EXPECT_EQ(authorization(credentials), "Bearer run-1");
  clock_.time += seconds(99);
  EXPECT_EQ(authorization(credentials), "Bearer run-1");
  clock_.time += seconds(1);
  expires_.reset();
  EXPECT_EQ(authorization(credentials), "Bearer run-2");
  clock_.time += std::chrono::hours(1000);
  EXPECT_EQ(authorization(credentials), "Bearer run-2");
}

TEST_F(CredentialsTest, PluginsRunOnceForARefusal) {
  config_.exec.emplace();
  Credentials credentials(config_, clock_, plugin());
  const auto first = *credentials.get();
  EXPECT_TRUE(credentials.refused(first));
  EXPECT_EQ(authorization(credentials), "Bearer run-2");
  EXPECT_TRUE(credentials.refused(first));  // Another thread's request was under way with it.
  EXPECT_EQ(authorization(credentials), "Bearer run-2");
  EXPECT_EQ(runs_, 2);
}

TEST_F(CredentialsTest, FailuresOfPluginsAreTried) {
  config_.exec.emplace();
  bool works = false;
  Credentials credentials(config_, clock_, [&](const Config&) -> Result<ExecCredential> {
    if (!works) return fail(Code::kUnauthorized, "not now");
    return ExecCredential{.token = {}, .certificate = "C", .key = "K", .expires = {}};
  });
  EXPECT_EQ(authorization(credentials), "not now");
  works = true;
  EXPECT_EQ(authorization(credentials), "");
  EXPECT_EQ((*credentials.get())->certificate, "C");
}

}  // namespace
}  // namespace lamina::kube
