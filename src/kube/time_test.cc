// SPDX-License-Identifier: Apache-2.0
#include "kube/time.h"

#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Time, IsWrittenAsKubernetesDoes) {
  EXPECT_EQ(format_time(UnixTime(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(UnixTime(seconds(1'704'164'645))), "2024-01-02T03:04:05Z");
  EXPECT_EQ(format_micro_time(std::chrono::sys_time<std::chrono::microseconds>(
                std::chrono::microseconds(1'704'164'645'000'042))),
            "2024-01-02T03:04:05.000042Z");
}

TEST(Time, ReadsWhatItWrites) {
  for (const std::int64_t at : {0LL, 951'782'399LL, 1'704'164'645LL, 4'102'444'800LL}) {
    const UnixTime time{seconds(at)};
    EXPECT_EQ(parse_time(format_time(time)).value(), time);
  }
}

TEST(Time, ReadsOffsetsAndFractions) {
  const UnixTime expected{seconds(1'704'164'645)};
  EXPECT_EQ(parse_time("2024-01-02T05:04:05+02:00").value(), expected);
  EXPECT_EQ(parse_time("2024-01-01T21:34:05-05:30").value(), expected);
  EXPECT_EQ(parse_time("2024-01-02t03:04:05.999999z").value(), expected);
}

TEST(Time, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2024-01-02", "2024-01-02 03:04:05Z", "2024-13-02T03:04:05Z", "2024-02-30T03:04:05Z",
        "2024-01-02T24:04:05Z", "2024-01-02T03:60:05Z", "2024-01-02T03:04:05", "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05+2:00", "2024-01-02T03:04:05Zx", "-024-01-02T03:04:05Z"}) {
    EXPECT_EQ(parse_time(text).error().code, Code::kInvalid) << text;
  }
}

TEST(Duration, IsReadAsGoWritesIt) {
  const std::pair<const char*, milliseconds> table[] = {
      {"0", milliseconds(0)},
      {"0s", milliseconds(0)},
      {"250ms", milliseconds(250)},
      {"90s", milliseconds(90'000)},
      {"1h30m", milliseconds(5'400'000)},
      {"1.5h", milliseconds(5'400'000)},
      {"1m0.5s", milliseconds(60'500)},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(parse_duration(text).value(), expected) << text;
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "1", "h", "-1s", "1d", "1s ", " 1s", "1h-3m", "infs", "9999999999999h"}) {
    EXPECT_EQ(parse_duration(text).error().code, Code::kInvalid) << text;
  }
}

}  // namespace
}  // namespace lamina::kube
