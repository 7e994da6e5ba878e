// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "http/curl_transport.h"
#include "http/testing/tls_server.h"

namespace lamina::http {
namespace {

using ::testing::HasSubstr;

/// A server named server.example, and an authority for it and its clients.
class CurlTlsTest : public ::testing::Test {
 protected:
  CurlTlsTest() {
    setenv("no_proxy", "127.0.0.1", 1);
    options_.ca_pem = authority_.certificate;
    options_.tls_server_name = "server.example";
  }
  Result<HttpResponse> get() {
    return make_curl_transport(options_)->perform(
        {.method = "GET", .url = "https://127.0.0.1:" + std::to_string(server_.port()) + "/"}, nullptr,
        nullptr);
  }
  /// What the server calls the client.
  std::string client_name() {
    const auto response = get();
    return response ? response->body : response.error().message;
  }

  const testing::KeyPair authority_ = testing::make_authority("authority");
  const testing::KeyPair stranger_ = testing::make_authority("stranger");
  testing::TlsServer server_{testing::make_certificate(authority_, "server.example"), authority_.certificate};
  CurlOptions options_;
};

TEST_F(CurlTlsTest, AuthorityAndNameCount) {
  EXPECT_EQ(client_name(), "nobody");

  options_.tls_server_name = "other.example";
  EXPECT_EQ(get().error().code, Code::kUnauthorized);
  options_.tls_server_name.clear();
  EXPECT_EQ(get().error().code, Code::kUnauthorized);

  options_.tls_server_name = "server.example";
  options_.ca_pem = stranger_.certificate;
  const auto unknown = get();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kUnauthorized);
  EXPECT_THAT(unknown.error().message, HasSubstr("CA file"));
  options_.ca_pem.clear();
  EXPECT_EQ(get().error().code, Code::kUnauthorized);
  options_.insecure_skip_tls_verify = true;
  EXPECT_EQ(client_name(), "nobody");
}

TEST_F(CurlTlsTest, ClientsShowTheirCertificate) {
  const testing::KeyPair client = testing::make_certificate(authority_, "client.example");
  options_.certificate_pem = client.certificate;
  options_.key_pem = client.key;
  EXPECT_EQ(client_name(), "client.example");

  const testing::KeyPair unknown = testing::make_certificate(stranger_, "client.example");
  options_.certificate_pem = unknown.certificate;
  options_.key_pem = unknown.key;
  EXPECT_FALSE(get());

  options_.key_pem = client.key;
  EXPECT_EQ(get().error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina::http
