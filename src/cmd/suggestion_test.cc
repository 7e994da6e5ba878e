// SPDX-License-Identifier: Apache-2.0
#include "cmd/suggestion.h"

#include <gtest/gtest.h>

namespace lamina::cmd {
namespace {

TEST(Suggestion, FindsTheNearestWord) {
  constexpr std::string_view kKnown[] = {"push", "pull", "pack", "rm", "ls", "--registry"};
  constexpr struct {
    std::string_view word, expected;
  } kCases[] = {
      {"psuh", "push"}, {"pul", "pull"}, {"pulll", "pull"}, {"lz", "ls"},     {"--regsitry", "--registry"},
      {"delete", ""},   {"", ""},        {"zz", ""},        {"push", "push"}, {"--registery", "--registry"},
  };
  for (const auto& c : kCases) EXPECT_EQ(nearest(c.word, kKnown), c.expected) << c.word;
  EXPECT_EQ(nearest(std::string(10'000, 'x'), kKnown), "");
  EXPECT_EQ(suggestion("psuh", kKnown), " (did you mean 'push'?)");
  EXPECT_EQ(suggestion("delete", kKnown), "");
}

}  // namespace
}  // namespace lamina::cmd
