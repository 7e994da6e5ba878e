// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace rocksdb {
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace lamina::meta {

/// Unflushed bytes at which the committing thread closes the log and has the write buffers flushed. RocksDB's
/// own limit lies out of reach: see RocksDbStore::seal().
inline constexpr std::size_t kSealBytes = 6 * 1024 * 1024;
/// Most bytes of one group of commits, but for a single batch that is larger.
inline constexpr std::size_t kMaxGroupBytes = 8 * 1024 * 1024;

/// The settings that every store is opened with: safe first, then small.
void tune(rocksdb::DBOptions& database, rocksdb::ColumnFamilyOptions& records,
          rocksdb::ColumnFamilyOptions& inlined, std::size_t block_cache_bytes);

}  // namespace lamina::meta
