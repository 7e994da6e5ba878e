// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lamina::store {

/// Bytes that one checksum covers: small enough to check before a piece is sent, large enough that the
/// checksums of a blob are 1/65536 of it.
inline constexpr std::size_t kPieceBytes = 256 * 1024;

/// CRC32C (RFC 3720 B.4), with the processor's instruction.
std::uint32_t crc32c(std::span<const std::byte> bytes);

/// One CRC32C for each kPieceBytes of a stream; the last piece may be shorter.
class PieceChecksums {
 public:
  void update(std::span<const std::byte> bytes);
  /// Of everything so far.
  std::vector<std::uint32_t> pieces() const;

 private:
  std::vector<std::uint32_t> done_;
  std::uint32_t state_ = 0xffffffff;
  std::size_t in_piece_ = 0;
};

}  // namespace lamina::store
