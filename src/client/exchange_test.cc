// SPDX-License-Identifier: Apache-2.0
#include "client/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/body.h"
#include "client/testing/client_fixture.h"

namespace lamina::client::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kHome = "https://registry.example/v2/r/blobs/x";

class OneUser final : public CredentialsProvider {
 public:
  Result<std::optional<Credentials>> find(std::string_view registry, std::string_view) override {
    asked.emplace_back(registry);
    return Credentials{.username = "user", .password = "pass", .identity_token = token};
  }
  std::vector<std::string> asked;
  std::string token;
};

class ExchangeTest : public ::testing::Test {
 protected:
  Result<HttpResponse> send(std::vector<Answer> answers, Call call) {
    transport = std::make_unique<FakeTransport>(std::move(answers));
    authenticator = std::make_unique<Authenticator>(*transport, &credentials, clock);
    return again(std::move(call));
  }
  Result<HttpResponse> again(Call call) {
    Pacing pacing{.sleep = [this](milliseconds time) { pauses.push_back(time); },
                  .random = [] { return 1.0; }};
    return Exchange(*transport, *authenticator, pacing, 3).send(std::move(call));
  }
  static Call get() {
    return {.request = {.method = "GET", .url = kHome, .headers = {}},
            .registry = "registry.example",
            .repository = "r",
            .scope = "repository:r:pull"};
  }

  UnixTime now{std::chrono::seconds{1'000'000}};
  FixedClock clock{now};
  OneUser credentials;
  std::unique_ptr<FakeTransport> transport;
  std::unique_ptr<Authenticator> authenticator;
  std::vector<milliseconds> pauses;
};

TEST_F(ExchangeTest, RepeatsWhatMayPass) {
  const auto response = send(
      {{.status = 503}, {.refused = true}, {.status = 429, .headers = {{"Retry-After", "7"}}}, {}}, get());
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200U);
  EXPECT_THAT(pauses, ElementsAre(milliseconds(200), milliseconds(400), milliseconds(7000)));
}

TEST_F(ExchangeTest, GivesUpAfterTheLastRepeat) {
  EXPECT_EQ(send({{.status = 500}, {.status = 502}, {.status = 504}, {.status = 408}}, get())->status, 408U);
  EXPECT_EQ(send({}, get()).error().code, Code::kUnavailable);
  EXPECT_EQ(transport->sent().size(), 4U);
}

TEST_F(ExchangeTest, FinalAnswersAreNotRepeated) {
  for (const unsigned status : {400U, 403U, 404U, 409U, 412U, 416U, 501U, 507U}) {
    EXPECT_EQ(send({{.status = status}, {}}, get())->status, status);
    EXPECT_EQ(transport->sent().size(), 1U);
  }
  EXPECT_TRUE(pauses.empty());
}

TEST_F(ExchangeTest, RetryAfterIsBounded) {
  ASSERT_TRUE(send({{.status = 503, .headers = {{"Retry-After", "86400"}}}, {}}, get()));
  EXPECT_THAT(pauses, ElementsAre(milliseconds(60'000)));
}

TEST_F(ExchangeTest, BodyThatCannotBeRewoundIsSentOnce) {
  StringBody source("bytes");
  StreamBody once(source, std::nullopt);
  Call call = get();
  call.body = &once;
  EXPECT_EQ(send({{.status = 503}, {}}, call)->status, 503U);
  EXPECT_EQ(transport->sent().size(), 1U);
  StringBody repeatable("bytes");
  call.body = &repeatable;
  EXPECT_EQ(send({{.status = 503}, {}}, call)->status, 200U);
  EXPECT_EQ(transport->sent().back().body, "bytes");
}

TEST_F(ExchangeTest, RedirectKeepsCredentialsAtHome) {
  const Answer challenge{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  const auto response =
      send({challenge, {.status = 307, .headers = {{"Location", "https://cdn.example/x"}}}, {}}, get());
  ASSERT_TRUE(response) << response.error().message;
  ASSERT_EQ(transport->sent().size(), 3U);
  EXPECT_EQ(transport->sent()[1].header("Authorization"), "Basic dXNlcjpwYXNz");
  EXPECT_EQ(transport->sent()[2].url, "https://cdn.example/x");
  EXPECT_EQ(transport->sent()[2].header("Authorization"), "");
}

TEST_F(ExchangeTest, AnotherPortIsAnotherHostAndAChallengeThereIsNotAnswered) {
  const Answer challenge{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  const auto response = send(
      {{.status = 302, .headers = {{"Location", "https://registry.example:444/x"}}}, challenge, {}}, get());
  EXPECT_EQ(response->status, 401U);
  EXPECT_TRUE(credentials.asked.empty());
}

TEST_F(ExchangeTest, RelativeRedirectStaysAtHome) {
  ASSERT_TRUE(send({{.status = 308, .headers = {{"Location", "../y"}}}, {}}, get()));
  EXPECT_EQ(transport->sent()[1].url, "https://registry.example/v2/r/y");
}

TEST_F(ExchangeTest, RedirectsThatAreRefused) {
  EXPECT_EQ(
      send({{.status = 307, .headers = {{"Location", "http://registry.example/x"}}}}, get()).error().code,
      Code::kDenied);
  std::vector<Answer> loop(40, Answer{.status = 307, .headers = {{"Location", kHome}}});
  EXPECT_EQ(send(loop, get()).error().code, Code::kUnavailable);
  EXPECT_LE(transport->sent().size(), 4U * 6U);
}

TEST_F(ExchangeTest, TokenIsFetchedKeptAndRenewed) {
  const Answer challenge{.status = 401,
                         .headers = {{"WWW-Authenticate",
                                      "Bearer realm=\"https://auth.example/token\",service=\"s\","
                                      "scope=\"repository:r:pull\""}}};
  const Answer first{.body = R"({"token":"one","expires_in":300})"},
      second{.body = R"({"access_token":"two"})"};
  ASSERT_TRUE(send({challenge, first, {}, {}, second, {}}, get()));
  EXPECT_EQ(transport->sent()[1].url,
            "https://auth.example/token?service=s&scope=repository:r:pull&account=user");
  EXPECT_EQ(transport->sent()[1].header("Authorization"), "Basic dXNlcjpwYXNz");
  EXPECT_EQ(transport->sent()[2].header("Authorization"), "Bearer one");
  ASSERT_TRUE(again(get()));
  EXPECT_EQ(transport->sent()[3].header("Authorization"), "Bearer one");
  now += std::chrono::seconds(295);
  ASSERT_TRUE(again(get()));
  EXPECT_EQ(transport->sent()[5].header("Authorization"), "Bearer two");
}

TEST_F(ExchangeTest, ScopesOfOneResourceAreJoined) {
  ASSERT_TRUE(send({{.status = 401,
                     .headers = {{"WWW-Authenticate",
                                  "Bearer realm=\"https://auth.example/token\",scope=\"repository:r:delete "
                                  "registry:catalog:* odd\""}}},
                    {.body = R"({"token":"t"})"},
                    {}},
                   get()));
  EXPECT_THAT(transport->sent()[1].url,
              HasSubstr("?scope=odd&scope=registry:catalog:%2A&scope=repository:r:delete%2Cpull&"));
}

TEST_F(ExchangeTest, EachScopeHasItsToken) {
  const Answer challenge{.status = 401,
                         .headers = {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/token\""}}};
  ASSERT_TRUE(
      send({challenge, {.body = R"({"token":"pull"})"}, {}, {.body = R"({"token":"push"})"}, {}}, get()));
  Call push = get();
  push.scope = "repository:r:pull,push";
  ASSERT_TRUE(again(push));
  // Before the request, so that no upload is sent in vain.
  EXPECT_THAT(transport->sent()[3].url, HasSubstr("scope=repository:r:pull%2Cpush"));
  EXPECT_EQ(transport->sent()[4].header("Authorization"), "Bearer push");
}

TEST_F(ExchangeTest, IdentityTokenIsExchangedByForm) {
  credentials.token = "refresh/1";
  const Answer challenge{
      .status = 401,
      .headers = {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/token\",service=\"s\""}}};
  ASSERT_TRUE(send({challenge, {.body = R"({"access_token":"t"})"}, {}}, get()));
  EXPECT_EQ(transport->sent()[1].method, "POST");
  EXPECT_EQ(transport->sent()[1].body,
            "grant_type=refresh_token&client_id=lamina&service=s&scope=repository%3Ar%3Apull&refresh_token="
            "refresh%2F1");
}

TEST_F(ExchangeTest, WrongPasswordIsTriedOnce) {
  const Answer challenge{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  EXPECT_EQ(send({challenge, challenge, {}}, get())->status, 401U);
  EXPECT_EQ(transport->sent().size(), 2U);
}

TEST_F(ExchangeTest, CredentialsDoNotGoInClearText) {
  const Answer challenge{.status = 401,
                         .headers = {{"WWW-Authenticate", "Bearer realm=\"http://auth.example/token\""}}};
  EXPECT_EQ(send({challenge, {}}, get()).error().code, Code::kDenied);
}

TEST(Challenges, AreReadAsSent) {
  Headers headers{
      {"WWW-Authenticate", R"(Basic realm="a, \"b\"", Bearer realm=https,scope="x y",error="e")"}};
  headers.add("www-authenticate", "Negotiate");
  const auto challenges = parse_challenges(headers);
  ASSERT_EQ(challenges.size(), 3U);
  EXPECT_EQ(challenges[0].parameter("realm"), "a, \"b\"");
  EXPECT_EQ(challenges[1].parameter("scope"), "x y");
  EXPECT_EQ(challenges[1].parameter("realm"), "https");
  EXPECT_EQ(challenges[2].scheme, "Negotiate");
  EXPECT_TRUE(parse_challenges({{"WWW-Authenticate", "=,;\""}}).empty());
}

TEST(ErrorMessage, HoldsAllThatTheRegistrySays) {
  const HttpRequest request{.method = "GET", .url = "https://r.example/v2/", .headers = {}};
  const auto told = [&](const std::string& message) {
    const std::string body = R"({"errors":[{"code":"DENIED","message":")" + message + R"("}]})";
    return to_error(request, {.status = 403, .headers = {}, .body = body}).message;
  };
  const std::string longest(1000, 'm');
  EXPECT_THAT(told(longest), HasSubstr("403 DENIED: '" + longest + "'"));
  EXPECT_THAT(told(longest + "m"), HasSubstr("'" + longest + "...'"));
  EXPECT_THAT(told(R"(a\u001b[2Jb\n)"), HasSubstr(R"('a\x1b[2Jb\x0a')"));
}

struct StatusCase {
  unsigned status;
  const char* body;
  Code code;
};

class ErrorOf : public ::testing::TestWithParam<StatusCase> {};

TEST_P(ErrorOf, SaysWhatTheServerSaid) {
  const HttpRequest request{.method = "GET", .url = "https://r.example/v2/a?secret=1", .headers = {}};
  const Error error =
      to_error(request, {.status = GetParam().status, .headers = {}, .body = GetParam().body});
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_THAT(error.message,
              HasSubstr("GET https://r.example/v2/a was answered " + std::to_string(GetParam().status)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ErrorOf,
    ::testing::Values(
        StatusCase{404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"m"}]})", Code::kNotFound},
        StatusCase{404, "<html>", Code::kNotFound}, StatusCase{401, "", Code::kUnauthorized},
        StatusCase{407, "", Code::kUnauthorized},
        StatusCase{403, R"({"errors":[{"code":"DENIED","message":"no"}]})", Code::kDenied},
        StatusCase{405, "", Code::kUnsupported}, StatusCase{409, "", Code::kConflict},
        StatusCase{412, "", Code::kPrecondition}, StatusCase{413, "", Code::kTooLarge},
        StatusCase{415, "", Code::kUnsupported}, StatusCase{416, "", Code::kOutOfRange},
        StatusCase{429, "", Code::kUnavailable}, StatusCase{503, "", Code::kUnavailable},
        StatusCase{507, "", Code::kNoSpace}, StatusCase{400, "", Code::kInvalid},
        StatusCase{400, R"({"errors":[{"code":"DIGEST_INVALID"}]})", Code::kMismatch},
        StatusCase{400, R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})", Code::kNotFound},
        StatusCase{500, R"({"errors":[{"code":"UNKNOWN","detail":"quarantined"}]})", Code::kCorrupt},
        StatusCase{404, R"({"errors":[{"code":"BLOB_UNKNOWN","detail":["quarantined"]}]})", Code::kCorrupt},
        StatusCase{404, R"({"errors":[{"code":"NAME_UNKNOWN","message":"no \"quarantined\""}]})",
                   Code::kNotFound}));

}  // namespace
}  // namespace lamina::client::testing
