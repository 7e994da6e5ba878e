// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

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

/// A store on records and files in memory that know what is synced. Helpers fail the test where a step fails.
struct Harness {
  explicit Harness(Options options = small());
  /// Inline up to 16 bytes, so that short texts take both ways.
  static Options small();

  /// Ends the process: what was written survives, what was in memory does not. With `power_loss` only what was
  /// synced survives.
  void restart(bool power_loss);

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

  meta::MemoryMetaStore meta;
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
