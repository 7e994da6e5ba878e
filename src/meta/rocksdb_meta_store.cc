// SPDX-License-Identifier: Apache-2.0
#include "meta/rocksdb_meta_store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "meta/group_commit.h"
#include "meta/layout.h"
#include "meta/log_check.h"
#include "meta/rocksdb_tuning.h"

namespace lamina::meta {
namespace {

std::unexpected<Error> failure(const rocksdb::Status& status, std::string_view what) {
  const std::string message = std::string(what) + ": " + status.ToString();
  if (status.IsNoSpace()) return fail(Code::kNoSpace, message + ". Delete content or enlarge the volume.");
  if (status.IsCorruption()) return fail(Code::kCorrupt, message);
  return fail(Code::kInternal, message);
}

std::unexpected<Error> damaged(const std::filesystem::path& folder, const std::string& what) {
  return fail(Code::kCorrupt, "the records in " + folder.string() + " are damaged: " + what +
                                  ". Nothing was changed. Check the disk, then restore the whole data folder "
                                  "from a backup, or start on an empty one and push again");
}

std::unexpected<Error> open_failure(const rocksdb::Status& status, const std::filesystem::path& folder) {
  const std::string where = "the records in " + folder.string();
  if (status.IsIOError() && status.ToString().contains("/LOCK:")) {
    return fail(Code::kConflict, where + " are in use by another server: stop it, or choose another folder");
  }
  if (status.IsCorruption()) return damaged(folder, status.ToString());
  return failure(status, "cannot open " + where);
}

class RocksDbStore final : public MetaStore {
 public:
  static Result<std::unique_ptr<MetaStore>> open(const std::filesystem::path& folder,
                                                 const RocksDbOptions& options);
  ~RocksDbStore() override;

  Result<std::optional<std::string>> get(Table table, std::string_view key) override;
  Result<std::vector<Record>> scan(Table table, std::string_view prefix, std::string_view after,
                                   std::size_t limit, Include include) override;
  Result<Outcome> commit(Batch batch) override;
  Result<std::vector<Change>> changes(std::uint64_t since, std::size_t limit) override;

 private:
  /// Where a key of a table is: the column family and the key in it.
  struct Place {
    rocksdb::ColumnFamilyHandle* family;
    std::string key;
  };

  RocksDbStore() = default;

  Place place(Table table, std::string_view key) const;

  // Below: called by the leader of a group only.
  void apply(std::span<GroupCommit::Member* const> group);
  Result<void> write(std::span<GroupCommit::Member* const> group);
  Result<void> ready_to_write();
  Result<void> seal();
  std::unexpected<Error> write_failure(const rocksdb::Status& status);
  Result<std::optional<std::size_t>> first_broken(rocksdb::WriteBatchWithIndex& pending,
                                                  const std::vector<Precondition>& preconditions);
  Result<bool> holds(rocksdb::WriteBatchWithIndex& pending, const Precondition& precondition);
  void add(rocksdb::WriteBatchWithIndex& pending, const Batch& batch, std::uint64_t sequence) const;

  std::unique_ptr<rocksdb::Env> env_;  // Null: the default. Outlives the database.
  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::ColumnFamilyHandle* records_ = nullptr;
  rocksdb::ColumnFamilyHandle* inline_ = nullptr;

  // Below: touched by the leader of a group only, which the queue hands from thread to thread.
  std::uint64_t sequence_ = 0;
  std::size_t unflushed_bytes_ = 0;
  bool log_unsynced_ = false;
  bool disk_full_ = false;
  std::optional<Error> stopped_;

  GroupCommit queue_{kMaxGroupBytes, [this](std::span<GroupCommit::Member* const> group) { apply(group); }};
};

Result<std::unique_ptr<MetaStore>> RocksDbStore::open(const std::filesystem::path& folder,
                                                      const RocksDbOptions& options) {
  std::unique_ptr<RocksDbStore> store(new RocksDbStore);
  rocksdb::DBOptions database_options;
  rocksdb::ColumnFamilyOptions records_options;
  rocksdb::ColumnFamilyOptions inline_options;
  tune(database_options, records_options, inline_options, options.block_cache_bytes);
  if (options.files) {
    store->env_ = rocksdb::NewCompositeEnv(options.files);
    database_options.env = store->env_.get();
  }

  const auto files = options.files ? options.files : rocksdb::FileSystem::Default();
  if (const auto checked = check_logs(*files, folder.string()); !checked) {
    if (checked.error().code == Code::kCorrupt) return damaged(folder, checked.error().message);
    return std::unexpected(checked.error());
  }

  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(database_options, folder.string(),
                        {{rocksdb::kDefaultColumnFamilyName, records_options}, {"inline", inline_options}},
                        &families, &database);
  if (!status.ok()) return open_failure(status, folder);
  store->database_.reset(database);
  store->records_ = families.at(0);
  store->inline_ = families.at(1);

  LAMINA_ASSIGN(const auto sequence, store->get(Table::kSystem, kSequenceKey));
  if (sequence) {
    LAMINA_ASSIGN(store->sequence_, decode_sequence(*sequence));
  }
  return store;
}

RocksDbStore::~RocksDbStore() {
  if (!database_) return;
  // Best effort for commits that promised less; a failure cannot be reported any more.
  if (log_unsynced_ && !stopped_) database_->SyncWAL().PermitUncheckedError();
  for (rocksdb::ColumnFamilyHandle* family : {records_, inline_}) {
    database_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  database_->Close().PermitUncheckedError();
}

RocksDbStore::Place RocksDbStore::place(Table table, std::string_view key) const {
  if (table == Table::kInline) return {inline_, std::string(key)};
  std::string out(1, static_cast<char>(table));
  out += key;
  return {records_, std::move(out)};
}

Result<std::optional<std::string>> RocksDbStore::get(Table table, std::string_view key) {
  const auto [family, full_key] = place(table, key);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), family, full_key, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return failure(status, "read a record");
  return value.ToString();
}

Result<std::vector<Record>> RocksDbStore::scan(Table table, std::string_view prefix, std::string_view after,
                                               std::size_t limit, Include include) {
  const auto [family, full_prefix] = place(table, prefix);
  const std::optional<std::string> end = prefix_end(full_prefix);
  const rocksdb::Slice bound = end ? rocksdb::Slice(*end) : rocksdb::Slice();
  rocksdb::ReadOptions options;
  if (end) options.iterate_upper_bound = &bound;

  std::string first = full_prefix;
  if (!after.empty() && after >= prefix) first = place(table, after).key + '\0';

  std::vector<Record> out;
  if (limit == 0) return out;
  const std::size_t table_bytes = full_prefix.size() - prefix.size();
  const std::unique_ptr<rocksdb::Iterator> next(database_->NewIterator(options, family));
  for (next->Seek(first); next->Valid() && next->key().starts_with(full_prefix); next->Next()) {
    rocksdb::Slice key = next->key();
    key.remove_prefix(table_bytes);
    out.push_back({key.ToString(), include == Include::kKeys ? std::string() : next->value().ToString()});
    if (out.size() == limit) return out;
  }
  if (!next->status().ok()) return failure(next->status(), "read records");
  return out;
}

Result<std::vector<Change>> RocksDbStore::changes(std::uint64_t since, std::size_t limit) {
  std::vector<Change> out;
  if (since == std::numeric_limits<std::uint64_t>::max()) return out;
  const std::string end = *prefix_end(place(Table::kChanges, {}).key);
  const rocksdb::Slice bound(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> next(database_->NewIterator(options, records_));
  for (next->Seek(place(Table::kChanges, change_key(since + 1, 0)).key); next->Valid(); next->Next()) {
    LAMINA_ASSIGN(const std::uint64_t sequence, decode_sequence(next->key().ToStringView().substr(1)));
    if (!out.empty() && out.size() >= limit && out.back().sequence != sequence) return out;
    out.push_back({sequence, next->value().ToString()});
  }
  if (!next->status().ok()) return failure(next->status(), "read the change log");
  return out;
}

Result<Outcome> RocksDbStore::commit(Batch batch) {
  LAMINA_TRY(check_batch(batch));
  return queue_.commit(std::move(batch));
}

void RocksDbStore::apply(std::span<GroupCommit::Member* const> group) {
  const Result<void> written = write(group);
  if (written) return;
  // All of them: a conflict may come from a batch of this group that was not written.
  for (GroupCommit::Member* member : group) member->outcome = std::unexpected(written.error());
}

Result<void> RocksDbStore::write(std::span<GroupCommit::Member* const> group) {
  LAMINA_TRY(ready_to_write());
  rocksdb::WriteBatchWithIndex pending(rocksdb::BytewiseComparator(), 0, true);
  rocksdb::WriteOptions options;
  const std::uint64_t sequence_before = sequence_;
  for (GroupCommit::Member* member : group) {
    const auto broken = first_broken(pending, member->batch.preconditions);
    if (!broken) {
      member->outcome = std::unexpected(broken.error());
    } else if (*broken) {
      member->outcome = Conflict{**broken};
    } else {
      add(pending, member->batch, ++sequence_);
      member->outcome = Committed{sequence_};
      options.sync |= member->batch.durability == Durability::kPowerLoss;
      unflushed_bytes_ += size_of(member->batch);
    }
  }
  if (sequence_ == sequence_before) return {};
  const Place sequence_place = place(Table::kSystem, kSequenceKey);
  pending.Put(sequence_place.family, sequence_place.key, encode_sequence(sequence_));

  log_unsynced_ = true;
  const rocksdb::Status status = database_->Write(options, pending.GetWriteBatch());
  if (!status.ok()) return write_failure(status);
  if (options.sync) log_unsynced_ = false;
  return {};
}

Result<void> RocksDbStore::ready_to_write() {
  if (stopped_) return std::unexpected(*stopped_);
  if (disk_full_) {
    const rocksdb::Status status = database_->Resume();
    // Busy: RocksDB is at it already.
    if (status.IsBusy() || status.IsNoSpace()) return failure(rocksdb::Status::NoSpace(), "write records");
    if (!status.ok()) return write_failure(status);
    disk_full_ = false;
  }
  if (unflushed_bytes_ >= kSealBytes) return seal();
  return {};
}

/// Starts a new log behind one that is synced to its end. RocksDB starts one by itself when a write buffer is
/// full, whether the old one is synced or not: then power loss could take the end of the old log and leave
/// the new one, that is a later commit without an earlier one.
Result<void> RocksDbStore::seal() {
  if (log_unsynced_) {
    const rocksdb::Status synced = database_->SyncWAL();
    if (!synced.ok()) return write_failure(synced);
    log_unsynced_ = false;
  }
  rocksdb::FlushOptions options;
  options.wait = false;
  const rocksdb::Status flushed = database_->Flush(options, {records_, inline_});
  if (!flushed.ok()) return write_failure(flushed);
  unflushed_bytes_ = 0;
  return {};
}

std::unexpected<Error> RocksDbStore::write_failure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    disk_full_ = true;
    return failure(status, "write records");
  }
  stopped_ = Error{Code::kInternal, About::kNothing,
                   "writes have stopped until a restart, since the disk failed: " + status.ToString() +
                       ". Check the disk, then restart the server."};
  return std::unexpected(*stopped_);
}

Result<std::optional<std::size_t>> RocksDbStore::first_broken(
    rocksdb::WriteBatchWithIndex& pending, const std::vector<Precondition>& preconditions) {
  for (std::size_t index = 0; index < preconditions.size(); ++index) {
    LAMINA_ASSIGN(const bool is_true, holds(pending, preconditions[index]));
    if (!is_true) return index;
  }
  return std::nullopt;
}

Result<bool> RocksDbStore::holds(rocksdb::WriteBatchWithIndex& pending, const Precondition& precondition) {
  const auto [family, key] = place(precondition.table, precondition.key);
  rocksdb::ReadOptions options;
  if (precondition.kind == Precondition::Kind::kNoneWithPrefix) {
    const std::optional<std::string> end = prefix_end(key);
    const rocksdb::Slice bound = end ? rocksdb::Slice(*end) : rocksdb::Slice();
    if (end) options.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> next(
        pending.NewIteratorWithBase(family, database_->NewIterator(options, family), &options));
    next->Seek(key);
    if (!next->status().ok()) return failure(next->status(), "check a precondition");
    return !next->Valid() || !next->key().starts_with(key);
  }
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = pending.GetFromBatchAndDB(database_.get(), options, family, key, &value);
  if (!status.ok() && !status.IsNotFound()) return failure(status, "check a precondition");
  switch (precondition.kind) {
    case Precondition::Kind::kAbsent: return status.IsNotFound();
    case Precondition::Kind::kPresent: return status.ok();
    default: return status.ok() && value.ToStringView() == precondition.value;
  }
}

void RocksDbStore::add(rocksdb::WriteBatchWithIndex& pending, const Batch& batch,
                       std::uint64_t sequence) const {
  for (const Write& write : batch.writes) {
    const auto [family, key] = place(write.table, write.key);
    if (write.value) {
      pending.Put(family, key, *write.value);
    } else {
      pending.Delete(family, key);
    }
  }
  for (std::size_t index = 0; index < batch.changes.size(); ++index) {
    const auto [family, key] = place(Table::kChanges, change_key(sequence, index));
    pending.Put(family, key, batch.changes[index]);
  }
}

}  // namespace

Result<std::unique_ptr<MetaStore>> RocksDbMetaStore::open(const std::filesystem::path& folder,
                                                          const RocksDbOptions& options) {
  return RocksDbStore::open(folder, options);
}

}  // namespace lamina::meta
