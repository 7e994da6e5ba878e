// SPDX-License-Identifier: Apache-2.0
#include "lamina/result.h"

#include <gtest/gtest.h>

#include <set>

namespace lamina {
namespace {

Result<int> half(int number) {
  if (number % 2 == 0) return number / 2;
  return fail(Code::kInvalid, About::kSize, "odd");
}

Result<int> quarter(int number) {
  LAMINA_ASSIGN(const int once, half(number));
  LAMINA_ASSIGN(const int twice, half(once));
  return twice;
}

Result<void> nothing_if_even(int number) {
  LAMINA_TRY(half(number));
  return {};
}

TEST(Result, AssignsOrReturnsTheError) {
  EXPECT_EQ(quarter(12).value(), 3);
  for (const int odd : {3, 6}) {
    const auto failed = quarter(odd);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::kInvalid);
    EXPECT_EQ(failed.error().about, About::kSize);
    EXPECT_EQ(failed.error().message, "odd");
  }
}

TEST(Result, TryDropsTheValue) {
  EXPECT_TRUE(nothing_if_even(2));
  EXPECT_EQ(nothing_if_even(1).error().message, "odd");
}

TEST(Result, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code)
    names.insert(to_string(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::kInternal) + 1);
}

}  // namespace
}  // namespace lamina
