// SPDX-License-Identifier: Apache-2.0
#include "kube/status.h"

#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

std::string status(const std::string& members) {
  return R"({"kind":"Status","status":"Failure",)" + members + "}";
}

struct Case {
  const char* name;
  unsigned status;
  http::Headers headers;
  std::string body;
  Code code;
  std::string message;
  std::vector<std::string> detail;
};

TEST(Status, MeansAnError) {
  const std::vector<Case> cases = {
      {"not found",
       404,
       {},
       status(R"("message":"pods \"x\" not found","reason":"NotFound","code":404)"),
       Code::kNotFound,
       "get pods a/x: pods \"x\" not found",
       {"NotFound"}},
      {"exists",
       409,
       {},
       status(R"("message":"it exists","reason":"AlreadyExists")"),
       Code::kConflict,
       "get pods a/x: it exists",
       {"AlreadyExists"}},
      {"forbidden",
       403,
       {},
       status(R"("message":"no","reason":"Forbidden")"),
       Code::kDenied,
       "get pods a/x: no",
       {"Forbidden"}},
      {"unauthorized",
       401,
       {},
       status(R"("message":"Unauthorized","reason":"Unauthorized")"),
       Code::kUnauthorized,
       "get pods a/x: Unauthorized",
       {"Unauthorized"}},
      {"expired",
       410,
       {},
       status(R"("message":"too old","reason":"Expired")"),
       Code::kOutOfRange,
       "get pods a/x: too old",
       {"Expired"}},
      {"bad request",
       400,
       {},
       status(R"("message":"strict decoding error","reason":"BadRequest")"),
       Code::kInvalid,
       "get pods a/x: strict decoding error",
       {"BadRequest"}},
      {"too large",
       413,
       {},
       status(R"("message":"limit","reason":"RequestEntityTooLarge")"),
       Code::kTooLarge,
       "get pods a/x: limit",
       {"RequestEntityTooLarge"}},
      {"causes that the message has",
       422,
       {},
       status(R"("message":"x is invalid: spec.size: too small","reason":"Invalid",)"
              R"("details":{"causes":[{"field":"spec.size","message":"too small"}]})"),
       Code::kInvalid,
       "get pods a/x: x is invalid: spec.size: too small",
       {"Invalid"}},
      {"causes that the message leaves out",
       422,
       {},
       status(R"("message":"x is invalid","reason":"Invalid","details":{"causes":[)"
              R"({"field":"spec.size","message":"too small"},{"message":"odd"}]})"),
       Code::kInvalid,
       "get pods a/x: x is invalid; spec.size: too small; odd",
       {"Invalid"}},
      {"apply of an unknown field",
       500,
       {},
       status(
           R"("message":"failed to create typed patch object (a/x; v1): .spec.y: field not declared in schema")"),
       Code::kInvalid,
       "get pods a/x: failed to create typed patch object (a/x; v1): .spec.y: field not declared in schema",
       {}},
      {"fault of the server",
       500,
       {},
       status(R"("message":"etcd","reason":"InternalError")"),
       Code::kUnavailable,
       "get pods a/x: etcd",
       {"InternalError"}},
      {"too many requests",
       429,
       {{"Retry-After", "7"}},
       status(R"("message":"busy","reason":"TooManyRequests")"),
       Code::kUnavailable,
       "get pods a/x: busy",
       {"TooManyRequests", "retryAfterSeconds=7"}},
      {"delay in the details",
       429,
       {},
       status(R"("message":"storage is (re)initializing","details":{"retryAfterSeconds":1})"),
       Code::kUnavailable,
       "get pods a/x: storage is (re)initializing",
       {"", "retryAfterSeconds=1"}},
      {"a proxy",
       502,
       {{"Retry-After", "Fri, 07 Nov 2026 23:59:59 GMT"}},
       "<html>bad\n</html>",
       Code::kUnavailable,
       R"(get pods a/x: the server answered 502 '<html>bad\x0a</html>')",
       {}},
      {"no body", 404, {}, "", Code::kNotFound, "get pods a/x: the server answered 404", {}},
      {"not a Status",
       404,
       {},
       R"({"message":"other"})",
       Code::kNotFound,
       R"(get pods a/x: the server answered 404 '{"message":"other"}')",
       {}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const Error error =
        error_of({.status = one.status, .headers = one.headers, .body = one.body}, "get pods a/x");
    EXPECT_EQ(error.code, one.code) << to_string(error.code);
    EXPECT_EQ(error.message, one.message);
    EXPECT_EQ(error.detail, one.detail);
  }
}

TEST(Status, DelayIsReadBack) {
  const auto delay = [](std::vector<std::string> detail) {
    return retry_after({.code = Code::kUnavailable, .message = {}, .detail = std::move(detail)});
  };
  EXPECT_EQ(delay({"TooManyRequests", "retryAfterSeconds=7"}), std::chrono::seconds(7));
  EXPECT_EQ(delay({"TooManyRequests"}), std::nullopt);
  EXPECT_EQ(delay({}), std::nullopt);
}

}  // namespace
}  // namespace lamina::kube
