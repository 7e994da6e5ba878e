// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace lamina::http {
namespace {

TEST(Range, IsChosen) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  const WholeRange whole;
  const UnsatisfiableRange unsatisfiable;
  struct Case {
    std::string header;
    std::uint64_t size;
    RangeChoice choice;
  };
  for (const auto& [header, size, choice] : std::vector<Case>{
           {"bytes=0-0", 10, ByteRange{0, 0}},
           {"bytes=0-9", 10, ByteRange{0, 9}},
           {"bytes=2-", 10, ByteRange{2, 9}},
           {"bytes=9-", 10, ByteRange{9, 9}},
           {"bytes=5-100", 10, ByteRange{5, 9}},
           {"bytes=-3", 10, ByteRange{7, 9}},
           {"bytes=-10", 10, ByteRange{0, 9}},
           {"bytes=-11", 10, ByteRange{0, 9}},
           {"BYTES=1-2", 10, ByteRange{1, 2}},
           {"bytes = 1 - 2 ", 10, ByteRange{1, 2}},
           {"bytes=1-99999999999999999999999", 10, ByteRange{1, 9}},
           {"bytes=-99999999999999999999999", 10, ByteRange{0, 9}},
           {"bytes=0-18446744073709551615", kMax, ByteRange{0, kMax - 1}},
           {"bytes=10-", 10, unsatisfiable},
           {"bytes=10-20", 10, unsatisfiable},
           {"bytes=99999999999999999999999-", 10, unsatisfiable},
           {"bytes=500-0", 1000, unsatisfiable},
           {"bytes=-0", 10, unsatisfiable},
           {"bytes=0-", 0, unsatisfiable},
           {"bytes=-5", 0, whole},
           {"bytes=0-1,3-4", 10, whole},
           {"bytes=0-1,", 10, whole},
           {"items=0-1", 10, whole},
           {"bytes", 10, whole},
           {"bytes=", 10, whole},
           {"bytes=-", 10, whole},
           {"bytes=a-b", 10, whole},
           {"bytes=1", 10, whole},
           {"bytes=1-2-3", 10, whole},
           {"bytes=+1-2", 10, whole},
           {"bytes=0x1-2", 10, whole},
           {"bytes=--1", 10, whole},
           {"", 10, whole},
       }) {
    EXPECT_EQ(choose_range(header, size), choice) << header << " of " << size;
  }
}

TEST(Range, IsWritten) {
  EXPECT_EQ(content_range({0, 99}, 1000), "bytes 0-99/1000");
  EXPECT_EQ(unsatisfied_content_range(1000), "bytes */1000");
  EXPECT_EQ((ByteRange{3, 3}.length()), 1U);
}

}  // namespace
}  // namespace lamina::http
