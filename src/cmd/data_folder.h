// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "blob/blob_store.h"
#include "fs/file_system.h"
#include "lamina/result.h"
#include "meta/meta_store.h"

namespace lamina::cmd {

/// The embedded store's folder: docs/format/README.md. Held by one process at a time, until destroyed.
class DataFolder {
 public:
  /// Opens the folder, which is made if missing; its parent must be there. kDenied where it cannot be
  /// written, kConflict where another server has it, kUnsupported where it is of a newer format or holds
  /// other files.
  static Result<std::unique_ptr<DataFolder>> open(fs::FileSystem& files, const std::filesystem::path& path);

  meta::MetaStore& meta() { return *meta_; }
  blob::BlobStore& blobs() { return *blobs_; }

 private:
  DataFolder() = default;

  std::unique_ptr<fs::Lock> lock_;
  std::unique_ptr<meta::MetaStore> meta_;
  std::unique_ptr<blob::BlobStore> blobs_;
};

}  // namespace lamina::cmd
