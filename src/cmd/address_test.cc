// SPDX-License-Identifier: Apache-2.0
#include "cmd/address.h"

#include <gtest/gtest.h>

namespace lamina::cmd {
namespace {

TEST(Address, BaseUrlsEndInNoSlash) {
  constexpr std::string_view kCases[][2] = {
      {"http://h", "http://h"},
      {"http://h:5967/", "http://h:5967"},
      {"https://lamina.example/registry//", "https://lamina.example/registry"},
      {"http://[::1]:5000/", "http://[::1]:5000"},
  };
  for (const auto& [text, expected] : kCases) {
    const auto parsed = parse_base_url(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, expected);
  }
}

TEST(Address, RefusesWhatIsNoBaseUrl) {
  for (const std::string_view text :
       {"", "/", "h:5000", "http://", "http:///a", "ftp://h", "http://h:0", "http://u:p@h", "http://h?q",
        "http://h/a?q", "http://h/a#f", "http://h/a b", "http://h h", "HTTP"}) {
    const auto parsed = parse_base_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    EXPECT_TRUE(parsed.error().message.ends_with(", found '" + std::string(text) + "'"));
  }
}

TEST(Address, RegistriesMayHaveAScheme) {
  constexpr struct {
    std::string_view text, name;
    std::optional<bool> tls;
  } kCases[] = {
      {"h", "h", {}},
      {"127.0.0.1:5000", "127.0.0.1:5000", {}},
      {"oci://h:1/", "h:1", {}},
      {"http://h:1", "h:1", false},
      {"http://[::1]:5000/", "[::1]:5000", false},
      {"https://h", "h", true},
  };
  for (const auto& c : kCases) {
    const auto parsed = parse_registry(c.text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->name, c.name);
    EXPECT_EQ(parsed->tls, c.tls);
  }
  for (const std::string_view text : {"", "h/", "h/a", "http://", "http://h/a", "ftp://h", "h:", "u@h"}) {
    const auto parsed = parse_registry(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace lamina::cmd
