// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "blob/blob_store.h"
#include "fs/file_system.h"

namespace lamina::blob {

/// Blobs as files of one server process, below the folder `root`:
///   blobs/<algorithm>/<first 2 hex>/<hex>.<upload id>
///   uploads/<upload id>
/// A blob's id is its file name; the algorithm follows from the length of the hex. A file gets its final name
/// only when it is synced, so power loss never leaves a part of a blob under one.
class LocalBlobStore final : public BlobStore {
 public:
  /// Makes the folders that are missing; `root` itself must be there. `files` must outlive the store.
  static Result<std::unique_ptr<BlobStore>> open(fs::FileSystem& files, fs::Path root);

  Result<std::unique_ptr<Appender>> append(const UploadId& upload) override;
  Result<std::unique_ptr<Reader>> read_upload(const UploadId& upload) override;
  Result<void> discard(const UploadId& upload) override;
  BlobId id_for(const UploadId& upload, const Digest& digest) const override;
  Result<void> publish(const UploadId& upload, const Digest& digest) override;
  Result<std::unique_ptr<Reader>> open(const BlobId& id) override;
  Result<void> remove(const BlobId& id) override;
  Result<std::vector<BlobId>> list(const BlobId& after, std::size_t limit) override;
  Result<std::vector<UploadId>> list_uploads() override;

 private:
  static constexpr std::size_t kShards = 256;

  LocalBlobStore(fs::FileSystem& files, fs::Path root) : files_(files), root_(std::move(root)) {}

  fs::Path uploads() const { return root_ / "uploads"; }
  fs::Path upload_path(const UploadId& upload) const { return uploads() / upload.str(); }
  fs::Path shard_path(Algorithm algorithm, std::string_view hex) const;
  /// Absent where it is not the form of an id.
  std::optional<fs::Path> path_of(const BlobId& id) const;
  Result<void> make_shard(const Digest& digest);

  fs::FileSystem& files_;
  const fs::Path root_;
  // Shards whose directory this process has made durable; by algorithm and first byte.
  std::array<std::atomic<bool>, 2 * kShards> shard_ready_{};
};

}  // namespace lamina::blob
