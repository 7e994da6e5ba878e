// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "lamina/result.h"
#include "lamina/stream.h"

namespace lamina::cmd {

/// The content of a file of at most 4 MiB. kNotFound, kDenied, kTooLarge.
Result<std::string> read_small_file(const std::string& path);

/// A file that appears under its name only when it is whole; an existing one is replaced. Until then it is
/// `<path>.lamina-XXXXXX`, which is removed when this ends before publish(). Not synced to disk.
class NewFile final : public Sink {
 public:
  /// kNotFound where the folder is missing, kDenied where it cannot be written, kConflict where `path` is a
  /// directory.
  static Result<std::unique_ptr<NewFile>> create(const std::filesystem::path& path);
  ~NewFile() override;

  Result<void> write(std::span<const std::byte> bytes) override;
  Result<void> publish();

 private:
  NewFile(std::filesystem::path path, std::string temporary, int descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  std::string temporary_;  // Empty once published.
  int descriptor_;
};

}  // namespace lamina::cmd
