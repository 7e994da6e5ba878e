// SPDX-License-Identifier: Apache-2.0
#include "meta/log_check.h"

#include <rocksdb/file_system.h>

#include <array>
#include <memory>
#include <vector>

namespace lamina::meta {
namespace {

// A fragment: 4 bytes of checksum, 2 of length, both least significant first, 1 of type, then its bytes.
constexpr std::size_t kHeader = 7;
constexpr std::size_t kLengthAt = 4;
constexpr std::size_t kTypeAt = 6;

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t index = 0; index < table.size(); ++index) {
    std::uint32_t crc = index;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;
    table[index] = crc;
  }
  return table;
}();

std::uint32_t extend(std::uint32_t crc, char byte) {
  return crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
}

std::uint32_t mask(std::uint32_t crc) { return (~crc >> 15 | ~crc << 17) + 0xa282ead8U; }

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t index = bytes.size(); index-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[index]);
  }
  return value;
}

/// The bytes from `offset` to the end of the file.
rocksdb::IOStatus read_tail(rocksdb::FileSystem& files, const std::string& path, std::uint64_t offset,
                            std::size_t size, std::string& out) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  rocksdb::IOStatus status = files.NewRandomAccessFile(path, rocksdb::FileOptions(), &file, nullptr);
  if (!status.ok()) return status;
  out.resize(size);
  rocksdb::Slice found;
  status = file->Read(offset, size, rocksdb::IOOptions(), &found, out.data(), nullptr);
  if (status.ok()) out = found.ToString();
  return status;
}

bool is_log_or_manifest(std::string_view name) {
  return name.ends_with(".log") || name.starts_with("MANIFEST-");
}

}  // namespace

std::uint32_t masked_crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = extend(crc, byte);
  return mask(crc);
}

bool has_damaged_length(std::string_view last_block) {
  while (last_block.size() >= kHeader) {
    const std::size_t length = little_endian(last_block.substr(kLengthAt, 2));
    if (kHeader + length <= last_block.size()) {
      last_block.remove_prefix(kHeader + length);
      continue;
    }
    // Had the write been cut short, its checksum would match none of the lengths that fit.
    const std::uint32_t stored = little_endian(last_block.substr(0, kLengthAt));
    std::uint32_t crc = ~0U;
    for (const char byte : last_block.substr(kTypeAt)) {
      crc = extend(crc, byte);
      if (mask(crc) == stored) return true;
    }
    return false;
  }
  return false;
}

Result<void> check_logs(rocksdb::FileSystem& files, const std::string& folder) {
  std::vector<std::string> names;
  const rocksdb::IOStatus listed = files.GetChildren(folder, rocksdb::IOOptions(), &names, nullptr);
  if (listed.IsNotFound() || listed.IsPathNotFound()) return {};
  if (!listed.ok()) return fail(Code::kInternal, "cannot list " + folder + ": " + listed.ToString());
  for (const std::string& name : names) {
    if (!is_log_or_manifest(name)) continue;
    std::string path = folder;
    path.append("/").append(name);
    std::uint64_t size = 0;
    rocksdb::IOStatus status = files.GetFileSize(path, rocksdb::IOOptions(), &size, nullptr);
    const std::size_t tail = size % kLogBlockBytes;
    std::string last_block;
    if (status.ok() && tail > 0) status = read_tail(files, path, size - tail, tail, last_block);
    if (!status.ok()) return fail(Code::kInternal, "cannot read " + path + ": " + status.ToString());
    if (has_damaged_length(last_block)) {
      return fail(Code::kCorrupt, path + " has a record whose length is wrong, though its bytes are there");
    }
  }
  return {};
}

}  // namespace lamina::meta
