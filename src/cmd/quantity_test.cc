// SPDX-License-Identifier: Apache-2.0
#include "cmd/quantity.h"

#include <gtest/gtest.h>

#include <optional>

namespace lamina::cmd {
namespace {

using std::chrono::seconds;

template <class T>
std::optional<T> value(const Result<T>& result) {
  if (result) return *result;
  EXPECT_EQ(result.error().code, Code::kInvalid);
  return std::nullopt;
}

TEST(Quantity, ParsesSizes) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  const struct {
    std::string_view text;
    std::optional<std::uint64_t> expected;
  } kCases[] = {
      {"0", 0},
      {"4096", 4096},
      {"17B", 17},
      {"3kB", 3000},
      {"2KiB", 2048},
      {"100MiB", 100 * kMiB},
      {"100Mi", 100 * kMiB},
      {"16777215TiB", std::uint64_t{16777215} << 40},
      {"16777216TiB", std::nullopt},
      {"18446744073709551615", ~std::uint64_t{0}},
      {"18446744073709551616", std::nullopt},
      {"", std::nullopt},
      {"MiB", std::nullopt},
      {"1.5MiB", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"1 MiB", std::nullopt},
      {"1mib", std::nullopt},
  };
  for (const auto& c : kCases) EXPECT_EQ(value(parse_size(c.text)), c.expected) << c.text;
}

TEST(Quantity, ParsesDurations) {
  const struct {
    std::string_view text;
    std::optional<seconds> expected;
  } kCases[] = {
      {"0s", seconds(0)},
      {"90s", seconds(90)},
      {"24h", seconds(86400)},
      {"7d", seconds(604800)},
      {"1h30m", seconds(5400)},
      {"1d2h3m4s", seconds(93784)},
      {"", std::nullopt},
      {"90", std::nullopt},
      {"h", std::nullopt},
      {"-1s", std::nullopt},
      {"1s1s", std::nullopt},
      {"1m1h", std::nullopt},
      {"100ms", std::nullopt},
      {"1.5h", std::nullopt},
      {"365000d", seconds(std::int64_t{365000} * 86400)},
      {"365000d1s", std::nullopt},
      {"18446744073709551615d", std::nullopt},
  };
  for (const auto& c : kCases) EXPECT_EQ(value(parse_duration(c.text)), c.expected) << c.text;
}

TEST(Quantity, ParsesTimestamps) {
  for (const std::string_view text :
       {"2024-01-02T03:04:05Z", "2024-02-29T23:59:60.5+14:00", "1970-01-01T00:00:00.000001-00:00"}) {
    EXPECT_EQ(value(parse_timestamp(text)), text);
  }
  for (const std::string_view text :
       {"", "yesterday", "2024-01-02", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z", "2024-01-02t03:04:05z",
        "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-02T24:00:00Z", "2024-01-02T00:60:00Z",
        "2024-01-02T00:00:61Z", "2024-01-02T03:04:05.Z", "2024-01-02T03:04:05.5", "2024-01-02T03:04:05+24:00",
        "2024-01-02T03:04:05+0100", "2024-01-02T03:04:05ZZ"}) {
    EXPECT_EQ(value(parse_timestamp(text)), std::nullopt) << text;
  }
}

TEST(Quantity, ParsesCountsAndBooleans) {
  EXPECT_EQ(value(parse_count("10")), 10U);
  EXPECT_EQ(value(parse_count("10x")), std::nullopt);
  EXPECT_EQ(value(parse_count("")), std::nullopt);
  EXPECT_EQ(value(parse_boolean("true")), true);
  EXPECT_EQ(value(parse_boolean("false")), false);
  EXPECT_EQ(value(parse_boolean("yes")), std::nullopt);
}

TEST(Quantity, FormatsSizes) {
  constexpr struct {
    std::uint64_t bytes;
    std::string_view expected;
  } kCases[] = {
      {0, "0 B"},
      {1023, "1023 B"},
      {1024, "1.0 KiB"},
      {1536, "1.5 KiB"},
      {1048524, "1023.9 KiB"},
      {1048525, "1.0 MiB"},  // Not 1024.0 KiB.
      {std::uint64_t{2} << 30, "2.0 GiB"},
      {~std::uint64_t{0}, "16.0 EiB"},
  };
  for (const auto& c : kCases) EXPECT_EQ(format_size(c.bytes), c.expected) << c.bytes;
}

TEST(Quantity, FormatsDurations) {
  EXPECT_EQ(format_duration(seconds(0)), "0:00");
  EXPECT_EQ(format_duration(seconds(59)), "0:59");
  EXPECT_EQ(format_duration(seconds(3599)), "59:59");
  EXPECT_EQ(format_duration(seconds(3600)), "1:00:00");
  EXPECT_EQ(format_duration(seconds(360061)), "100:01:01");
}

}  // namespace
}  // namespace lamina::cmd
