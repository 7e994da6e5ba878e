// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace lamina::meta {

/// Length of the blocks of RocksDB's logs; no fragment of a record spans two.
inline constexpr std::size_t kLogBlockBytes = 32768;

/// CRC-32C (Castagnoli) as RocksDB stores it beside what it protects.
std::uint32_t masked_crc32c(std::string_view bytes);

/// True where the last block of a log ends in a fragment that is all there but states a length beyond the
/// end. The checksum covers the fragment's type and bytes, not its length: RocksDB takes this for a write
/// that power loss cut short, and drops it with all that follows.
bool has_damaged_length(std::string_view last_block);

/// Looks for that in the logs and manifests of a database, before it is opened. kCorrupt names the file.
Result<void> check_logs(rocksdb::FileSystem& files, const std::string& folder);

}  // namespace lamina::meta
