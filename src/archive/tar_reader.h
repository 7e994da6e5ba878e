// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "archive/buffer.h"
#include "archive/tar_format.h"
#include "lamina/result.h"
#include "lamina/stream.h"

namespace lamina::archive {

enum class TarType : std::uint8_t { kFile, kDirectory, kLink };

struct TarEntry {
  std::string name;  ///< As in the archive: not checked.
  TarType type = TarType::kFile;
  std::uint32_t mode = 0;  ///< As in the archive.
  std::uint64_t size = 0;  ///< 0 unless a file.
};

/// Reads ustar, PAX and GNU long names, and nothing that two readers may take for different trees: unknown
/// types, sparse files, content of directories and links, two names for one entry, an archive without end
/// mark or with bytes behind it are errors (kInvalid, kUnsupported for types). Checked sums, no file names.
/// Memory: 64 KiB, and up to 1 MiB for an extended header.
class TarReader {
 public:
  /// `tar` must outlive the reader.
  explicit TarReader(Source& tar) : tar_(tar) {}

  /// The next entry, or empty once the archive has ended well and its source with it. Skips what was not
  /// read of the last one.
  Result<std::optional<TarEntry>> next();
  /// The next piece of the current file, valid until the next call; empty at its end.
  Result<std::span<const std::byte>> read();

  /// Read so far.
  std::uint64_t position() const { return position_; }

 private:
  struct Extended;

  Result<std::span<const std::byte>> piece(std::uint64_t wanted);
  Result<std::string> take(std::size_t size);
  Result<bool> read_extended(char type, std::uint64_t size, Extended& extended);
  Result<TarEntry> make_entry(std::string_view block, Extended extended) const;
  Result<void> finish();
  std::unexpected<Error> fail_at(Code code, std::string_view what) const;

  Source& tar_;
  std::array<std::byte, kBufferSize> buffer_;
  std::span<const std::byte> pending_;  ///< The part of `buffer_` not consumed yet.
  std::uint64_t position_ = 0;
  std::uint64_t content_left_ = 0;
  std::size_t padding_left_ = 0;
};

}  // namespace lamina::archive
