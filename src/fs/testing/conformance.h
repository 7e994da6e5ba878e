// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "fs/file_system.h"

namespace lamina::fs {

/// A file system and an empty directory in it, which `cleanup` removes.
struct FileSystemUnderTest {
  std::unique_ptr<FileSystem> files;
  Path directory;
  std::function<void()> cleanup;
};

struct FileSystemBackend {
  std::string name;
  std::function<FileSystemUnderTest()> make;
};

/// The last argument of INSTANTIATE_TEST_SUITE_P; naming it is also what links the suite into a test program.
std::string backend_name(const testing::TestParamInfo<FileSystemBackend>& info);

/// What every FileSystem does; INSTANTIATE_TEST_SUITE_P it with the backends.
class FileSystemConformance : public testing::TestWithParam<FileSystemBackend> {
 protected:
  FileSystemConformance() : subject_(GetParam().make()) {}
  ~FileSystemConformance() override {
    if (subject_.cleanup) subject_.cleanup();
  }

  FileSystem& files() { return *subject_.files; }
  Path path(std::string_view name) const { return subject_.directory / name; }
  void write(const Path& path, std::string_view bytes);
  std::string read(const Path& path);

 private:
  FileSystemUnderTest subject_;
};

}  // namespace lamina::fs
