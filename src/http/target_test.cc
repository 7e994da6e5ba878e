// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lamina::http {
namespace {

TEST(Target, IsDecodedOnce) {
  struct Case {
    std::string target, path;
    QueryPairs query;
  };
  for (const auto& [target, path, query] : std::vector<Case>{
           {"/", "/", {}},
           {"/v2/", "/v2/", {}},
           {"/v2/a/b", "/v2/a/b", {}},
           {"/a%20b/%41", "/a b/A", {}},
           {"/a%2541", "/a%41", {}},
           {"/a//b", "/a//b", {}},
           {"/.../..a", "/.../..a", {}},
           {"/a+b?x=a+b", "/a+b", {{"x", "a+b"}}},
           {"/a?", "/a", {}},
           {"/a?n=10&last=b%2Fc", "/a", {{"n", "10"}, {"last", "b/c"}}},
           {"/a?tag=1&tag=2&tag", "/a", {{"tag", "1"}, {"tag", "2"}, {"tag", ""}}},
           {"/a?&&x=1&", "/a", {{"x", "1"}}},
           {"/a?x=1=2?3", "/a", {{"x", "1=2?3"}}},
           {"/a?=v", "/a", {{"", "v"}}},
           {"http://host:1/a?x=1", "/a", {{"x", "1"}}},
           {"HTTPS://host", "/", {}},
           {"http://host?x=1", "/", {{"x", "1"}}},
           {"*", "*", {}},
       }) {
    auto parsed = parse_target(target);
    ASSERT_TRUE(parsed) << target << ": " << parsed.error().message;
    EXPECT_EQ(parsed->path, path) << target;
    EXPECT_EQ(parsed->query, query) << target;
  }
}

TEST(Target, IsRefusedWhereProgramsCouldDiffer) {
  for (std::string target : {"",      "a",      "?x=1",     "host:443", "ftp://host/a", "http:///a",
                             "/a b",  "/a#b",   "/a\t",     "/\x7f",    "/\xc3\xbc",    "/%",
                             "/%4",   "/%4g",   "/%g4",     "/a%2Fb",   "/a%2fb",       "/a%00",
                             "/.",    "/..",    "/a/../b",  "/a/./b",   "/a/%2e%2E/b",  "/a/.%2e",
                             "/a/..", "/a?x=%", "/a?x=%zz", "/a?%0=1",  "/a?x=%00",     "http://host/.."}) {
    auto parsed = parse_target(target);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

TEST(PercentEncoding, KeepsWhatItIsToldTo) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/c%\xff\n"), "a%20b%2Fc%25%FF%0A");
  EXPECT_EQ(percent_encode("sha256:ab/c", ":"), "sha256:ab%2Fc");
  EXPECT_EQ(encode_path("/v2/a b/sha256:0?#"), "/v2/a%20b/sha256:0%3F%23");
  EXPECT_EQ(encode_query({{"last", "a/b&c"}, {"n", "1"}, {"+", ""}}), "last=a/b%26c&n=1&%2B=");
}

TEST(PercentEncoding, IsUndone) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(decode_query(encode_query({{all, all}, {"", "x"}})), (QueryPairs{{all, all}, {"", "x"}}));
}

}  // namespace
}  // namespace lamina::http
