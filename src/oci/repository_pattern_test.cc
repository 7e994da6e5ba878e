// SPDX-License-Identifier: Apache-2.0
#include "oci/repository_pattern.h"

#include <gtest/gtest.h>

namespace lamina::oci {
namespace {

TEST(Pattern, Matches) {
  constexpr struct {
    std::string_view pattern, name;
    bool expected;
  } kCases[] = {
      {"a", "a", true},
      {"a", "b", false},
      {"", "", true},
      {"*", "a", true},
      {"*", "a/b", false},
      {"**", "a/b/c", true},
      {"a/*", "a/b", true},
      {"a/*", "a/b/c", false},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"*/c", "b/c", true},
      {"**/c", "a/b/c", true},
      {"a*c/d", "abbc/d", true},
      {"a*c/d", "ab/c/d", false},
      {"a**c", "ab/c", true},
      {"conformance/**", "conformance/repo1", true},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(matches_repository(c.pattern, c.name), c.expected) << c.pattern << ' ' << c.name;
}

}  // namespace
}  // namespace lamina::oci
