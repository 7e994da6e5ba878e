// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "blob/blob_store.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "meta/meta_store.h"

namespace lamina::store {

/// Limits and lifetimes; docs/limits.md repeats the table.
struct Options {
  /// Blobs up to this size are records: one sync for a small publish.
  std::size_t inline_bytes = 64 * 1024;
  /// A link without a manifest lives this long after the last sign of its client.
  std::chrono::seconds lease{3600};
  /// What is left of a lease once a manifest names the blob.
  std::chrono::seconds lease_once_named{60};
  /// What has an expiry expires so long after its last hold went.
  std::chrono::seconds released_grace{std::chrono::hours{24}};
  /// Hash states of idle uploads kept in memory; the rest are computed again from the bytes.
  std::size_t idle_uploads = 64;
  /// How long the change log goes back, at least.
  std::chrono::seconds changes_kept{7 * 24 * 3600};
  /// Repositories whose manifests may name what is not there.
  std::function<bool(const RepositoryName&)> accepts_sparse = [](const RepositoryName&) { return false; };
};

/// What every part of the store works with. All references outlive the store.
struct Context {
  meta::MetaStore& meta;
  blob::BlobStore& blobs;
  const Clock& clock;
  Random& random;
  Options options;
};

/// What came of commit_with(): the sequence of the commit, or nothing where there was nothing to write.
using CommitSequence = std::optional<std::uint64_t>;

/// Calls `build` for a batch and commits it; where another writer came between, starts again. `build` reads
/// what it needs each time and returns Result<meta::Batch>; an empty batch commits nothing, and kConflict
/// says that what was read does not fit together, as where another writer came between two reads.
/// kUnavailable after many rounds. After an error `in_doubt` says whether a commit may be in the log all the
/// same.
template <std::invocable Build>
Result<CommitSequence> commit_with(Context& context, Build build, bool* in_doubt = nullptr) {
  constexpr int kRounds = 100;
  constexpr int kPatientRounds = 8;
  constexpr std::chrono::microseconds kPause{100};
  std::string misfit;
  for (int round = 0; round < kRounds; ++round) {
    // A batch that takes long to build loses to those that do not, unless it lets them finish.
    if (round > kPatientRounds) std::this_thread::sleep_for(kPause * (round - kPatientRounds));
    Result<meta::Batch> batch = build();
    if (!batch && batch.error().code == Code::kConflict) {
      misfit = std::move(batch).error().message;
      continue;
    }
    if (!batch) return std::unexpected(std::move(batch).error());
    if (batch->writes.empty()) return std::nullopt;
    const Result<meta::Outcome> outcome = context.meta.commit(*std::move(batch));
    if (in_doubt) *in_doubt = !outcome;
    if (!outcome) return std::unexpected(outcome.error());
    if (const auto* committed = std::get_if<meta::Committed>(&*outcome)) return committed->sequence;
  }
  return fail(Code::kUnavailable,
              "the record was changed by other writers a hundred times in a row; try again" +
                  (misfit.empty() ? misfit : " (" + misfit + ')'));
}

/// The record under a key, decoded, or nothing.
template <class Record, class Decode>
Result<std::optional<Record>> read_record(Context& context, meta::Table table, std::string_view key,
                                          Decode decode_record) {
  LAMINA_ASSIGN(const std::optional<std::string> bytes, context.meta.get(table, key));
  if (!bytes) return std::nullopt;
  LAMINA_ASSIGN(Record record, decode_record(*bytes));
  return record;
}

/// Short forms for batches.
inline void require_present(meta::Batch& batch, meta::Table table, std::string key) {
  batch.preconditions.push_back({meta::Precondition::Kind::kPresent, table, std::move(key), {}});
}
inline void require_absent(meta::Batch& batch, meta::Table table, std::string key) {
  batch.preconditions.push_back({meta::Precondition::Kind::kAbsent, table, std::move(key), {}});
}
inline void require_none_with(meta::Batch& batch, meta::Table table, std::string prefix) {
  batch.preconditions.push_back({meta::Precondition::Kind::kNoneWithPrefix, table, std::move(prefix), {}});
}
/// The key still has the value that was read, or is still absent.
inline void require_unchanged(meta::Batch& batch, meta::Table table, std::string key,
                              const std::optional<std::string>& read) {
  using Kind = meta::Precondition::Kind;
  batch.preconditions.push_back(
      {read ? Kind::kEquals : Kind::kAbsent, table, std::move(key), read.value_or("")});
}
inline void set_record(meta::Batch& batch, meta::Table table, std::string key, std::string value) {
  batch.writes.push_back({table, std::move(key), std::move(value)});
}
inline void erase_record(meta::Batch& batch, meta::Table table, std::string key) {
  batch.writes.push_back({table, std::move(key), std::nullopt});
}

}  // namespace lamina::store
