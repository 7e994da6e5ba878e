// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lamina::archive {

inline constexpr std::size_t kTarBlock = 512;
/// Two blocks of zeros; nothing pads the archive to GNU tar's 10240.
inline constexpr std::size_t kTarEnd = 2 * kTarBlock;

// What both packing and unpacking hold to, so that what is packed can be unpacked.
inline constexpr std::size_t kMaxNameBytes = 4096;
inline constexpr std::size_t kMaxDepth = 128;

/// A field of a ustar header (POSIX.1-2017 pax, "ustar Interchange Format").
struct TarField {
  std::size_t offset;
  std::size_t size;
};
namespace tar_field {
inline constexpr TarField kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kMtime{136, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 8}, kDevMajor{329, 8}, kDevMinor{337, 8},
    kPrefix{345, 155};
}  // namespace tar_field

/// Zeros that fill the last block of `size` bytes.
constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

/// The header blocks of a file or directory, byte for byte as Go's archive/tar writes them without owner and
/// time: ustar where it can express the entry, else preceded by a PAX record. `name` is relative, not empty,
/// has no NUL and no trailing slash; `size` is 0 for a directory.
std::string tar_header(std::string_view name, bool directory, std::uint32_t mode, std::uint64_t size);

/// The sum over `block` with the checksum field counted as spaces.
std::uint32_t tar_checksum(std::string_view block);

}  // namespace lamina::archive
