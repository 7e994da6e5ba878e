// SPDX-License-Identifier: Apache-2.0
#include "meta/log_check.h"

#include <gtest/gtest.h>

namespace lamina::meta {
namespace {

std::string fragment(std::string_view bytes, std::size_t stated_length) {
  const std::uint32_t crc = masked_crc32c("\x01" + std::string(bytes));
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(crc >> shift & 0xff));
  out.push_back(static_cast<char>(stated_length & 0xff));
  out.push_back(static_cast<char>(stated_length >> 8 & 0xff));
  out.push_back('\x01');
  return out + std::string(bytes);
}

TEST(LogCheck, ChecksumIsThatOfRocksDb) {
  // "123456789" is the check value 0xe3069283 of CRC-32C, here under RocksDB's mask.
  constexpr std::uint32_t kCheck = 0xe3069283U;
  EXPECT_EQ(masked_crc32c("123456789"), (kCheck >> 15 | kCheck << 17) + 0xa282ead8U);
}

TEST(LogCheck, TellsADamagedLengthFromACutWrite) {
  const std::string whole = fragment("first", 5) + fragment("second", 6);
  EXPECT_FALSE(has_damaged_length(""));
  EXPECT_FALSE(has_damaged_length(whole));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(has_damaged_length(std::string_view(whole).substr(0, cut))) << "cut at " << cut;
  }
  EXPECT_TRUE(has_damaged_length(fragment("first", 5) + fragment("second", 7)));
  EXPECT_TRUE(has_damaged_length(fragment("first", 0x1005) + fragment("second", 6)));
  EXPECT_TRUE(has_damaged_length(fragment("", 1)));
}

}  // namespace
}  // namespace lamina::meta
