// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "blob/local_blob_store.h"
#include "fs/testing/memory_file_system.h"
#include "lamina/manifest.h"
#include "meta/testing/memory_meta_store.h"
#include "store/store.h"

namespace lamina::store {

class ManualClock final : public Clock {
 public:
  UnixTime now() const override { return UnixTime{std::chrono::seconds{seconds_.load()}}; }
  void advance(std::chrono::seconds by) { seconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> seconds_{1'800'000'000};
};

/// Identifiers in order: the same in every run.
class CountingRandom final : public Random {
 public:
  std::string hex128() override;

 private:
  std::atomic<std::uint64_t> next_{1};
};

/// Who else writes to the same records.
enum class Others : std::uint8_t {
  kNone,
  kInTheWay,  ///< Half of the commits meet a conflict: see conflicting_meta_store.h.
};
std::string name_of(const testing::TestParamInfo<Others>& info);
#define LAMINA_ALONE_AND_AMONG_OTHERS(suite) \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::Values(Others::kNone, Others::kInTheWay), name_of)

/// A store on records and files in memory that know what is synced. Helpers fail the test where a step fails.
struct Harness {
  explicit Harness(Options options = small(), Others others = Others::kNone);
  /// Inline up to 16 bytes, so that short texts take both ways.
  static Options small();

  /// Ends the process: what was written survives, what was in memory does not. With `power_loss` only what
  /// was synced survives.
  void restart(bool power_loss);

  /// Runs `interfere` once, between what the next commit was made from and the commit.
  void before_next_commit(std::function<void()> interfere);

  /// Pushes a blob in one request.
  Digest push(const RepositoryName& repository, std::string_view bytes);
  /// Pushes config and layer and puts a manifest that names them.
  Digest put_image(const RepositoryName& repository, std::string_view layer, std::vector<Tag> tags,
                   const Annotations& annotations = {});
  ManifestPut image(std::string_view layer, std::vector<Tag> tags, const Annotations& annotations = {});
  ManifestPut index(const std::vector<StoredManifest>& children, std::vector<Tag> tags);
  /// The blob's bytes, or the error's code in brackets.
  std::string read(const RepositoryName& repository, const Digest& digest);
  std::size_t count(meta::Table table);
  /// What the audit finds, a line each; empty where the store is sound.
  std::string audit();
  /// The change log, oldest first: "put a@<8 hex>", "set a:v1@...", "untag a:v1@...", "remove a@...".
  std::vector<std::string> changes();
  /// The one file of a large blob.
  fs::Path path_of(const Digest& digest);
  /// Turns one bit of a stored blob, wherever its bytes are.
  void damage(const Digest& digest, std::size_t at = 0);

  meta::MemoryMetaStore meta;
  std::unique_ptr<meta::MetaStore> among_others;  ///< What the store writes to instead, if anything.
  fs::MemoryFileSystem files;
  ManualClock clock;
  CountingRandom random;
  Options options;
  std::unique_ptr<blob::BlobStore> blobs;
  std::unique_ptr<Store> store;
};

RepositoryName repo(std::string_view name);
Tag tag(std::string_view name);
/// Completes a put whose `content` is set.
ManifestPut finished(ManifestPut put);

}  // namespace lamina::store
