// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_format.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace lamina::archive {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string ascii_only(std::string_view text) {
  std::string kept(text);
  std::erase_if(kept, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return kept;
}

/// Where a long name can be cut into the fields prefix and name; the slash belongs to neither.
std::optional<std::size_t> ustar_split(std::string_view name) {
  const std::size_t slash = name.substr(0, tar_field::kPrefix.size + 1).rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::size_t rest = name.size() - slash - 1;
  if (rest == 0 || rest > tar_field::kName.size) return std::nullopt;
  return slash;
}

/// The largest number that fits a size field: 11 octal digits and a NUL.
constexpr std::uint64_t kMaxOctalSize = (std::uint64_t{1} << 33) - 1;

class Block {
 public:
  void text(TarField field, std::string_view value) {
    value = value.substr(0, field.size);
    value.copy(bytes_.data() + field.offset, value.size());
  }
  void octal(TarField field, std::uint64_t value) {
    char* end = bytes_.data() + field.offset + field.size - 1;
    for (char* digit = end; digit-- > bytes_.data() + field.offset; value >>= 3) {
      *digit = static_cast<char>('0' + (value & 7));
    }
  }
  /// Fills in magic and checksum.
  std::string finish() && {
    text(tar_field::kMagic, std::string_view("ustar\0"
                                             "00",
                                             8));
    octal({tar_field::kChecksum.offset, 7}, tar_checksum(bytes_));
    bytes_[tar_field::kChecksum.offset + 7] = ' ';
    return std::move(bytes_);
  }

 private:
  std::string bytes_ = std::string(kTarBlock, '\0');
};

void owner_and_time(Block& block) {
  block.octal(tar_field::kUid, 0);
  block.octal(tar_field::kGid, 0);
  block.octal(tar_field::kMtime, 0);
}

std::string main_header(std::string_view prefix, std::string_view name, bool directory, std::uint32_t mode,
                        std::uint64_t size) {
  // Go takes care of readers that see a directory in a name whose cut ends in a slash.
  if (name.size() > tar_field::kName.size && name[tar_field::kName.size - 1] == '/') {
    name = name.substr(0, name.find_last_not_of('/', tar_field::kName.size - 1) + 1);
  }
  Block block;
  block.text(tar_field::kName, name);
  block.text(tar_field::kPrefix, prefix);
  block.octal(tar_field::kMode, mode);
  owner_and_time(block);
  block.octal(tar_field::kSize, size > kMaxOctalSize ? 0 : size);
  block.text(tar_field::kType, directory ? "5" : "0");
  block.octal(tar_field::kDevMajor, 0);
  block.octal(tar_field::kDevMinor, 0);
  return std::move(block).finish();
}

/// "<length of the record in decimal> <key>=<value>\n"; the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return std::to_string(length).append(" ").append(key).append("=").append(value).append("\n");
}

std::string pax_blocks(std::string_view name, const std::string& records) {
  const std::size_t base = name.rfind('/') + 1;  // npos + 1 == 0
  std::string header_name(name.substr(0, base));
  header_name.append("PaxHeaders.0/").append(name.substr(base));
  header_name = ascii_only(header_name).substr(0, tar_field::kName.size);
  header_name.erase(header_name.find_last_not_of('/') + 1);

  Block block;
  block.text(tar_field::kName, header_name);
  block.octal(tar_field::kMode, 0);
  owner_and_time(block);
  block.octal(tar_field::kSize, records.size());
  block.text(tar_field::kType, "x");
  return std::move(block).finish().append(records).append(tar_padding(records.size()), '\0');
}

}  // namespace

std::uint32_t tar_checksum(std::string_view block) {
  std::uint32_t sum = 8 * ' ';
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i - tar_field::kChecksum.offset < tar_field::kChecksum.size) continue;
    sum += static_cast<unsigned char>(block[i]);
  }
  return sum;
}

std::string tar_header(std::string_view name, bool directory, std::uint32_t mode, std::uint64_t size) {
  const bool ascii = is_ascii(name);
  const bool large = size > kMaxOctalSize;
  if (ascii && !large) {
    if (name.size() <= tar_field::kName.size) return main_header({}, name, directory, mode, size);
    if (const auto slash = ustar_split(name)) {
      return main_header(name.substr(0, *slash), name.substr(*slash + 1), directory, mode, size);
    }
  }
  std::string records;
  if (!ascii || name.size() > tar_field::kName.size) records += pax_record("path", name);
  if (large) records += pax_record("size", std::to_string(size));
  return pax_blocks(name, records) + main_header({}, ascii_only(name), directory, mode, size);
}

}  // namespace lamina::archive
