// SPDX-License-Identifier: Apache-2.0
#include "store/checksum.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>

namespace lamina::store {
namespace {

std::uint32_t of(std::string_view text) { return crc32c(std::as_bytes(std::span(text))); }

TEST(ChecksumTest, KnownVectors) {
  EXPECT_EQ(of(""), 0u);
  EXPECT_EQ(of("123456789"), 0xe3069283u);  // the check value of CRC-32/ISCSI
  // RFC 3720 B.4
  std::vector<std::byte> bytes(32);
  EXPECT_EQ(crc32c(bytes), 0x8a9136aau);
  bytes.assign(32, std::byte{0xff});
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43u);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eu);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(31 - i);
  EXPECT_EQ(crc32c(bytes), 0x113fdb5cu);
}

TEST(ChecksumTest, PiecesAreTheSameHoweverTheBytesArrive) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPieceBytes - 1, kPieceBytes,
                                 kPieceBytes + 1, 3 * kPieceBytes, 3 * kPieceBytes + 17}) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 31 + (i >> 8)) & 0xff);
    std::vector<std::uint32_t> whole;
    for (std::size_t at = 0; at < size; at += kPieceBytes) {
      whole.push_back(crc32c(std::span(bytes).subspan(at, std::min(kPieceBytes, size - at))));
    }
    for (const std::size_t step : {std::size_t{4093}, kPieceBytes, kPieceBytes + 5, 4 * kPieceBytes}) {
      PieceChecksums checksums;
      for (std::size_t at = 0; at < size; at += step) {
        checksums.update(std::span(bytes).subspan(at, std::min(step, size - at)));
        (void)checksums.pieces();  // may be asked for at any time
      }
      EXPECT_EQ(checksums.pieces(), whole) << size << " bytes by " << step;
    }
  }
}

}  // namespace
}  // namespace lamina::store
