// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/random.h"
#include "lamina/digest.h"
#include "lamina/stream.h"

namespace lamina::client {

/// A new file beside the one that it is to become; removed unless it was published.
class TemporaryFile {
 public:
  /// In the directory of `target`, which must exist. kNotFound, kDenied, kNoSpace.
  static Result<TemporaryFile> create(const std::filesystem::path& target, Random& random);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_; }
  /// Renames to the target, replacing a file of that name. Not synced.
  Result<void> publish();

 private:
  TemporaryFile(int fd, std::filesystem::path path, std::filesystem::path target);
  int fd_;
  std::filesystem::path path_;
  std::filesystem::path target_;
};

/// Writes to a file from its start on; does not own it.
class FdSink final : public Sink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  Result<void> write(std::span<const std::byte> bytes) override;
  std::uint64_t written() const { return at_; }

 private:
  const int fd_;
  std::uint64_t at_ = 0;
};

/// Reads a file from its start on; does not own it.
class FdSource final : public Source {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;

 private:
  const int fd_;
  std::uint64_t at_ = 0;
};

/// All of `bytes` at `offset`; kNoSpace for a full volume or quota.
Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset);
Result<Digest> digest_of_file(int fd, Algorithm algorithm);
Result<std::uint64_t> size_of_file(int fd);

/// kNoSpace where the volume of the directory `directory` has less than `bytes` free.
Result<void> require_space(const std::filesystem::path& directory, std::uint64_t bytes);
/// The directory that `path` stands in; "." for a plain name.
std::filesystem::path parent_of(const std::filesystem::path& path);

}  // namespace lamina::client
