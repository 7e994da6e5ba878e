// SPDX-License-Identifier: Apache-2.0
#include "http/media_type.h"

#include <gtest/gtest.h>

#include <string>

namespace lamina::http {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

TEST(MediaType, IsParsed) {
  struct Case {
    std::string text, essence;
    Parameters parameters;
  };
  for (const auto& [text, essence, parameters] : std::vector<Case>{
           {"text/plain", "text/plain", {}},
           {" Application/VND.oci.image.manifest.v1+JSON ", "application/vnd.oci.image.manifest.v1+json", {}},
           {"text/plain;charset=UTF-8", "text/plain", {{"charset", "UTF-8"}}},
           {"a/b ; x=1 ;; y=\"2; \\\"3\" ;", "a/b", {{"x", "1"}, {"y", "2; \"3"}}},
           {"a/b;x=", "a/b", {{"x", ""}}},
       }) {
    auto type = parse_media_type(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(type->essence, essence);
    EXPECT_EQ(type->parameters, parameters);
  }
  EXPECT_EQ(parse_media_type("a/b; Boundary=X")->parameter("boundary"), "X");
}

TEST(MediaType, IsRefused) {
  for (std::string text :
       {"", "text", "text/", "/plain", "text /plain", "a/b c", "a/b; x", "a/b; =1", "a/b; x=\"1",
        "a/b; x=\"\\", "a/b; x=\"\n\"", "a/b; x=1 y=2", "a/b; x=1; X=2", "a/b, c/d"}) {
    EXPECT_FALSE(parse_media_type(text)) << text;
  }
}

}  // namespace
}  // namespace lamina::http
