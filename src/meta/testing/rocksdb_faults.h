// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace lamina::meta {

enum class DiskOperation : std::uint8_t { kAppend, kSync };
enum class DiskFault : std::uint8_t { kFull, kBroken };

/// Runs before RocksDB appends to or syncs a file, on whichever thread does so; what it returns is the
/// call's failure, and nothing is written then.
using DiskHook = std::function<std::optional<DiskFault>(DiskOperation operation, const std::string& path)>;

/// The kernel's files behind the hook, for RocksDbOptions::files.
std::shared_ptr<rocksdb::FileSystem> files_with_hook(DiskHook hook);

/// True for the path of a write-ahead log.
bool is_log(const std::string& path);

}  // namespace lamina::meta
