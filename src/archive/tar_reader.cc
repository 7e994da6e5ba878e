// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace lamina::archive {
namespace {

constexpr std::size_t kMaxExtendedBytes = std::size_t{1} << 20;
constexpr std::uint64_t kMaxSize = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kPosixMagic("ustar\0", 6);
constexpr std::string_view kGnuMagic("ustar  \0", 8);

std::string_view field(std::string_view block, TarField field) {
  return block.substr(field.offset, field.size);
}

std::string_view text(std::string_view block, TarField at) {
  const std::string_view value = field(block, at);
  return value.substr(0, value.find('\0'));
}

template <int kBase>
std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, kBase);
  if (error != std::errc() || end != digits.data() + digits.size() || value > kMaxSize) return std::nullopt;
  return value;
}

/// Octal with spaces and NULs around it (none at all is 0), or GNU's base 256 behind a byte 0x80.
std::optional<std::uint64_t> number(std::string_view block, TarField at) {
  std::string_view value = field(block, at);
  if (value.front() == '\x80') {
    std::uint64_t sum = 0;
    for (const char c : value.substr(1)) {
      if (sum > kMaxSize >> 8) return std::nullopt;
      sum = sum << 8 | static_cast<unsigned char>(c);
    }
    return sum;
  }
  constexpr std::string_view kBlank(" \0", 2);
  value.remove_prefix(std::min(value.find_first_not_of(kBlank), value.size()));
  value = value.substr(0, value.find_last_not_of(kBlank) + 1);
  return value.empty() ? 0 : parse_number<8>(value);
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// Calls `use(key, value)` for each "<length> <key>=<value>\n"; false where malformed.
template <class Use>
bool for_each_pax_record(std::string_view records, Use use) {
  while (!records.empty()) {
    const std::size_t space = records.find(' ');
    if (space == std::string_view::npos) return false;
    const auto length = parse_number<10>(records.substr(0, space));
    if (!length || *length > records.size() || *length < space + 3) return false;
    std::string_view record = records.substr(space + 1, *length - space - 1);
    if (!record.ends_with('\n')) return false;
    record.remove_suffix(1);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    use(record.substr(0, equals), record.substr(equals + 1));
    records.remove_prefix(*length);
  }
  return true;
}

}  // namespace

/// What extended headers say about the entry that follows them.
struct TarReader::Extended {
  std::optional<std::string> name;
  std::optional<std::uint64_t> size;
  bool seen = false;
};

std::unexpected<Error> TarReader::fail_at(Code code, std::string_view what) const {
  return fail(code, "tar archive, byte " + std::to_string(position_) + ": " + std::string(what));
}

Result<std::span<const std::byte>> TarReader::piece(std::uint64_t wanted) {
  if (pending_.empty()) {
    LAMINA_ASSIGN(const std::size_t size, tar_.read(buffer_));
    if (size == 0) return fail_at(Code::kInvalid, "the archive ends early: it is truncated");
    pending_ = std::span(buffer_).first(size);
  }
  const auto taken =
      pending_.first(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, pending_.size())));
  pending_ = pending_.subspan(taken.size());
  position_ += taken.size();
  return taken;
}

Result<std::string> TarReader::take(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    LAMINA_ASSIGN(const auto part, piece(size - bytes.size()));
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  return bytes;
}

Result<std::span<const std::byte>> TarReader::read() {
  if (content_left_ == 0) return std::span<const std::byte>{};
  LAMINA_ASSIGN(const auto part, piece(content_left_));
  content_left_ -= part.size();
  return part;
}

Result<std::optional<TarEntry>> TarReader::next() {
  while (content_left_ > 0) LAMINA_TRY(read());
  LAMINA_TRY(take(std::exchange(padding_left_, 0)));
  Extended extended;
  while (true) {
    LAMINA_ASSIGN(const std::string block, take(kTarBlock));
    if (is_zero(std::as_bytes(std::span(block)))) {
      if (extended.seen) return fail_at(Code::kInvalid, "an extended header without an entry behind it");
      LAMINA_TRY(finish());
      return std::nullopt;
    }
    if (number(block, tar_field::kChecksum) != tar_checksum(block)) {
      return fail_at(Code::kInvalid, "no tar header, or a damaged one: its checksum is wrong");
    }
    const std::string_view header = block;
    if (!field(header, tar_field::kMagic).starts_with(kPosixMagic) &&
        field(header, tar_field::kMagic) != kGnuMagic) {
      return fail_at(Code::kUnsupported, "a header that is neither ustar, PAX nor GNU");
    }
    const auto size = number(block, tar_field::kSize);
    if (!size) return fail_at(Code::kInvalid, "a size that is not a number");
    LAMINA_ASSIGN(const bool consumed, read_extended(header[tar_field::kType.offset], *size, extended));
    if (consumed) continue;

    LAMINA_ASSIGN(TarEntry entry, make_entry(block, std::move(extended)));
    content_left_ = entry.size;
    padding_left_ = tar_padding(entry.size);
    return entry;
  }
}

/// True where the header was an extended one, which then is read.
Result<bool> TarReader::read_extended(char type, std::uint64_t size, Extended& extended) {
  const bool pax = type == 'x' || type == 'g';
  if (!pax && type != 'L' && type != 'K') return false;
  if (size > kMaxExtendedBytes) return fail_at(Code::kTooLarge, "an extended header of more than 1 MiB");
  const auto length = static_cast<std::size_t>(size);
  LAMINA_ASSIGN(std::string body, take(length));
  LAMINA_TRY(take(tar_padding(length)));
  if (type == 'K') return true;  // The target of a link, which nothing here follows.

  std::optional<std::string> name;
  std::optional<std::uint64_t> stated_size;
  bool sparse = false;
  bool valid = true;
  if (type == 'L') {
    if (body.ends_with('\0')) body.pop_back();
    name = std::move(body);
  } else {
    valid = for_each_pax_record(body,
                                [&](std::string_view key, std::string_view value) {
                                  if (key == "path") name = value;
                                  if (key == "size") {
                                    stated_size = parse_number<10>(value);
                                    valid = valid && stated_size;
                                  }
                                  sparse = sparse || key.starts_with("GNU.sparse.");
                                }) &&
            valid;
  }
  if (!valid) return fail_at(Code::kInvalid, "a malformed PAX header");
  if (sparse) return fail_at(Code::kUnsupported, "a sparse file; pack it again without --sparse");
  if (type == 'g') {
    if (name || stated_size) return fail_at(Code::kUnsupported, "a name or size for all entries at once");
    return true;
  }
  if ((name && extended.name) || (stated_size && extended.size)) {
    return fail_at(Code::kInvalid, "two extended headers for one entry");
  }
  if (name) extended.name = std::move(name);
  if (stated_size) extended.size = stated_size;
  extended.seen = true;
  return true;
}

Result<TarEntry> TarReader::make_entry(std::string_view block, Extended extended) const {
  TarEntry entry;
  if (extended.name) {
    entry.name = std::move(*extended.name);
  } else {
    // GNU keeps times where POSIX has the prefix.
    if (field(block, tar_field::kMagic).starts_with(kPosixMagic))
      entry.name = text(block, tar_field::kPrefix);
    if (!entry.name.empty()) entry.name.push_back('/');
    entry.name.append(text(block, tar_field::kName));
  }
  entry.size = extended.size ? *extended.size : number(block, tar_field::kSize).value_or(0);
  const auto mode = number(block, tar_field::kMode);
  if (!mode) return fail_at(Code::kInvalid, "a mode that is not a number");
  entry.mode = static_cast<std::uint32_t>(*mode & 07777);

  const char type = block[tar_field::kType.offset];
  switch (type) {
    case '0':
    case '\0':
    case '7': entry.type = entry.name.ends_with('/') ? TarType::kDirectory : TarType::kFile; break;
    case '5': entry.type = TarType::kDirectory; break;
    case '1':
    case '2': entry.type = TarType::kLink; break;
    case '3':
    case '4': return fail_at(Code::kUnsupported, "a device, which is never unpacked");
    case '6': return fail_at(Code::kUnsupported, "a FIFO, which is never unpacked");
    case 'S': return fail_at(Code::kUnsupported, "a sparse file; pack it again without --sparse");
    default: return fail_at(Code::kUnsupported, "an entry of an unknown type");
  }
  if (entry.type != TarType::kFile && entry.size != 0) {
    return fail_at(Code::kInvalid, "a directory or link with content");
  }
  return entry;
}

Result<void> TarReader::finish() {
  LAMINA_ASSIGN(const std::string second, take(kTarBlock));
  if (!is_zero(std::as_bytes(std::span(second)))) {
    return fail_at(Code::kInvalid, "one block of zeros where the end mark has two");
  }
  while (true) {
    if (!is_zero(pending_)) return fail_at(Code::kInvalid, "bytes behind the end of the archive");
    position_ += pending_.size();
    LAMINA_ASSIGN(const std::size_t size, tar_.read(buffer_));
    pending_ = std::span(buffer_).first(size);
    if (size == 0) return {};
  }
}

}  // namespace lamina::archive
