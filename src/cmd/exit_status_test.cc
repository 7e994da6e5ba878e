// SPDX-License-Identifier: Apache-2.0
#include "cmd/exit_status.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lamina::cmd {
namespace {

TEST(ExitStatus, EveryCodeHasADocumentedOne) {
  constexpr struct {
    Code code;
    int expected;
    std::string_view name;
  } kCases[] = {
      {Code::kInternal, 1, "internal"},         {Code::kInvalid, 2, "invalid"},
      {Code::kOutOfRange, 2, "out-of-range"},   {Code::kNotFound, 3, "not-found"},
      {Code::kMismatch, 4, "mismatch"},         {Code::kCorrupt, 4, "corrupt"},
      {Code::kUnauthorized, 5, "unauthorized"}, {Code::kDenied, 5, "denied"},
      {Code::kConflict, 6, "conflict"},         {Code::kPrecondition, 6, "precondition-failed"},
      {Code::kUnavailable, 7, "unavailable"},   {Code::kTooLarge, 8, "too-large"},
      {Code::kNoSpace, 8, "no-space"},          {Code::kUnsupported, 9, "unsupported"},
      {Code::kCancelled, 130, "cancelled"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(exit_status(c.code), c.expected) << c.name;
    EXPECT_EQ(code_name(c.code), c.name);
    EXPECT_TRUE(std::ranges::count(exit_statuses(), c.expected, &ExitStatus::status) == 1) << c.expected;
  }
}

}  // namespace
}  // namespace lamina::cmd
