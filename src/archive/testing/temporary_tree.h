// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace lamina::archive {

/// A new directory, removed with everything in it at the end.
class TemporaryTree {
 public:
  TemporaryTree() : path_((std::filesystem::temp_directory_path() / "lamina-archive-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;
  ~TemporaryTree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path path() const { return path_; }

  /// Makes the file and the directories above it.
  void file(const std::filesystem::path& name, std::string_view content, unsigned mode = 0644) const {
    const std::filesystem::path full = path() / name;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << content;
    std::filesystem::permissions(full, std::filesystem::perms(mode));
  }
  void directory(const std::filesystem::path& name, unsigned mode = 0755) const {
    std::filesystem::create_directories(path() / name);
    std::filesystem::permissions(path() / name, std::filesystem::perms(mode));
  }
  std::string read(const std::filesystem::path& name) const {
    std::ifstream in(path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
};

}  // namespace lamina::archive
