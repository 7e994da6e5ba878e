// SPDX-License-Identifier: Apache-2.0
#include "meta/rocksdb_tuning.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

namespace lamina::meta {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

void tune_for_safety(rocksdb::DBOptions& database) {
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  database.paranoid_checks = true;
  // A record that is cut short at the end of a log was never acknowledged; any other damage is reported.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  database.recycle_log_file_num = 0;
  database.track_and_verify_wals_in_manifest = true;
  // After a failed sync nobody knows what is on the disk: never try again by itself.
  database.max_bgerror_resume_count = 0;
}

void tune_for_size(rocksdb::DBOptions& database) {
  database.max_open_files = 256;
  database.max_file_opening_threads = 1;
  database.max_background_jobs = 2;
  database.max_subcompactions = 1;
  database.table_cache_numshardbits = 2;
  database.writable_file_max_buffer_size = 256 * kKiB;
  database.manifest_preallocation_size = 64 * kKiB;
  database.max_manifest_file_size = 16 * kMiB;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  database.skip_stats_update_on_db_open = true;
  database.keep_log_file_num = 2;
  database.max_log_file_size = 256 * kKiB;
  database.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // One thread at a time writes; these serve several.
  database.allow_concurrent_memtable_write = false;
  database.enable_write_thread_adaptive_yield = false;
  // Deleting files is left to background threads, not to a reader that lets go of them.
  database.avoid_unnecessary_blocking_io = true;
}

}  // namespace

void tune(rocksdb::DBOptions& database, rocksdb::ColumnFamilyOptions& records,
          rocksdb::ColumnFamilyOptions& inlined, std::size_t block_cache_bytes) {
  tune_for_safety(database);
  tune_for_size(database);

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes, 2);
  table.block_size = 8 * kKiB;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  records.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  records.write_buffer_size = 2 * (kSealBytes + kMaxGroupBytes);
  records.max_write_buffer_number = 2;
  records.arena_block_size = 64 * kKiB;
  records.target_file_size_base = 8 * kMiB;
  records.max_bytes_for_level_base = 32 * kMiB;
  records.level_compaction_dynamic_level_bytes = true;
  records.compression = rocksdb::kLZ4Compression;

  inlined = records;
  inlined.enable_blob_files = true;
  inlined.min_blob_size = kKiB;
  inlined.blob_file_size = 64 * kMiB;
  inlined.blob_compression_type = rocksdb::kNoCompression;  // Most content is compressed already.
  inlined.enable_blob_garbage_collection = true;
  inlined.blob_garbage_collection_age_cutoff = 0.5;
  inlined.blob_garbage_collection_force_threshold = 0.25;
}

}  // namespace lamina::meta
