// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "meta/meta_store.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace lamina::meta {

struct RocksDbOptions {
  std::size_t block_cache_bytes = 8 * 1024 * 1024;
  /// Where RocksDB keeps its files; null: the kernel's. A test puts faults here.
  std::shared_ptr<rocksdb::FileSystem> files;
};

/// Records in an embedded RocksDB, for one server process. commit() groups concurrent callers into one
/// synced write to the log; reads take no lock.
///
/// After a failed write or sync every commit() fails with kInternal until a restart, while reads go on. After
/// a full disk (kNoSpace) the next commit() tries again. A commit that failed with either is unknown: it may
/// be there after a restart, whole.
class RocksDbMetaStore {
 public:
  /// Opens the folder, which is made if missing; its parent must be there. kConflict: in use by another
  /// server. kCorrupt: what was stored is damaged; nothing has been changed.
  static Result<std::unique_ptr<MetaStore>> open(const std::filesystem::path& folder,
                                                 const RocksDbOptions& options = {});
};

}  // namespace lamina::meta
