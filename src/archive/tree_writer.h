// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/posix.h"
#include "base/file_descriptor.h"
#include "lamina/result.h"

namespace lamina::archive {

/// The parts of an archive's name without `.` and empty ones; none for the root. kInvalid for a name that
/// could leave the tree or that consumers refuse: see unpack().
Result<std::vector<std::string>> split_entry_name(std::string_view name);

/// Fills a fresh directory beneath which nobody else writes. Opens names part by part, relative to the
/// directory above and without following links.
class TreeWriter {
 public:
  /// `root` exists and is empty.
  static Result<TreeWriter> open(const std::filesystem::path& root);

  /// Makes the directory, and those above it as 0755, or sets the mode of one that was made before.
  Result<void> add_directory(const std::vector<std::string>& path, std::uint32_t mode);
  /// Begins a file; kInvalid where the name is taken. Ends with close_file().
  Result<void> create_file(const std::vector<std::string>& path);
  Result<void> write(std::span<const std::byte> bytes);
  Result<void> close_file(std::uint32_t mode);

 private:
  struct Level {
    std::string name;
    FileDescriptor fd;
  };

  explicit TreeWriter(FileDescriptor root) : root_(std::move(root)) {}

  Result<int> enter(std::span<const std::string> path);

  FileDescriptor root_;
  std::vector<Level> open_;  ///< The directories down to the current one, as archives are mostly in order.
  FileDescriptor file_;
  std::string file_name_;  ///< For messages.
};

}  // namespace lamina::archive
