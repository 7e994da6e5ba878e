// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lamina/result.h"

namespace lamina::fs {

using Path = std::filesystem::path;

/// An open regular file. Reads are safe from several threads at once; writes from one at a time.
/// Errors: kNoSpace for ENOSPC and EDQUOT, kDenied for EACCES, EPERM and EROFS, kInternal for the rest; the
/// message names the path.
class File {
 public:
  virtual ~File() = default;
  /// Fills `buffer` from `offset`; fewer bytes than asked only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
  /// Writes all of `bytes` at `offset`. Survives the death of the process, not power loss.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// fdatasync(2). On return the file's bytes and size survive power loss (its name only after
  /// FileSystem::sync_directory). After an error the file's content is unknown: never sync it again.
  virtual Result<void> sync() = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
};

/// Held until destroyed; released by the kernel when the process dies.
class Lock {
 public:
  virtual ~Lock() = default;
};

/// The one seam to the operating system's files. Thread-safe. Paths are absolute or relative to the
/// working directory. kNotFound where something is missing; kConflict where a name is taken.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const Path& path) = 0;           ///< read only
  virtual Result<std::unique_ptr<File>> open_writable(const Path& path) = 0;  ///< must exist
  virtual Result<std::unique_ptr<File>> create(const Path& path) = 0;         ///< must not exist; mode 0600
  /// Replaces `to` if it exists. Durable after sync_directory of both parents.
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;
  /// Mode 0700; success where the directory is there already. Durable after sync_directory of the parent.
  virtual Result<void> make_directory(const Path& path) = 0;
  /// Names that were made, renamed or removed in this directory survive power loss on return.
  virtual Result<void> sync_directory(const Path& path) = 0;
  /// Names of the entries, sorted by bytes, without "." and "..".
  virtual Result<std::vector<std::string>> list(const Path& path) = 0;
  /// Takes an exclusive lock on the file, which is made if missing. kConflict where another holds it.
  virtual Result<std::unique_ptr<Lock>> lock(const Path& path) = 0;
};

/// The kernel's. Interrupted calls are repeated, short writes completed.
std::unique_ptr<FileSystem> posix_file_system();

/// Writes a small file so that it is either whole or absent after power loss: temporary name, sync, rename,
/// directory sync. Durable on return.
Result<void> write_durably(FileSystem& files, const Path& path, std::string_view bytes);

}  // namespace lamina::fs
