// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "fs/file_system.h"

namespace lamina::fs {

enum class Operation : std::uint8_t {
  kOpen,
  kOpenWritable,
  kCreate,
  kRename,
  kRemove,
  kMakeDirectory,
  kSyncDirectory,
  kList,
  kLock,
  kRead,
  kWrite,
  kSync,
  kSize,
  kTruncate,
};

struct Call {
  std::uint64_t index;  ///< Of all calls so far, from 0.
  Operation operation;
  Path path;  ///< Of a rename: the source.
};

/// Files in memory that know what is synced. The root directory is there; relative paths are taken from it.
/// It promises no more than FileSystem's contract: content survives by sync() alone, a name by
/// sync_directory() of its directory alone, and a rename between directories by that of both.
/// Thread-safe but for set_fault(), which a test calls while no other call runs.
class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;

  /// Runs before each call, under the lock; an error is the call's answer. A write that fails so has written
  /// the first half of its bytes, any other call nothing.
  using Fault = std::function<std::optional<Error>(const Call&)>;
  void set_fault(Fault fault);
  std::uint64_t calls() const;

  /// Power loss: each file has its synced bytes, each directory its synced entries; locks are free. Files
  /// that are open from before are of no further use.
  void lose_unsynced();
  /// The same, but by the seed some unsynced changes survive: any pages of a file, its new size, any name
  /// made or removed. A rename may leave both names, never none.
  void lose_unsynced(std::uint64_t seed);

  Result<std::unique_ptr<File>> open(const Path& path) override;
  Result<std::unique_ptr<File>> open_writable(const Path& path) override;
  Result<std::unique_ptr<File>> create(const Path& path) override;
  Result<void> rename(const Path& from, const Path& to) override;
  Result<void> remove(const Path& path) override;
  Result<void> make_directory(const Path& path) override;
  Result<void> sync_directory(const Path& path) override;
  Result<std::vector<std::string>> list(const Path& path) override;
  Result<std::unique_ptr<Lock>> lock(const Path& path) override;

 private:
  struct Node;
  struct State;
  class OpenFile;

  std::shared_ptr<State> state_;  // Shared with the open files.
};

}  // namespace lamina::fs
