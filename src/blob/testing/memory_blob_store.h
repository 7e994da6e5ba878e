// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "blob/blob_store.h"

namespace lamina::blob {

/// Bytes in memory, with faults on demand. Thread-safe but for set_fault(), which a test calls while no other
/// call runs. Readers keep the bytes that they opened, as an open file does.
class MemoryBlobStore final : public BlobStore {
 public:
  enum class Operation : std::uint8_t {
    kAppend,
    kWrite,
    kReadUpload,
    kDiscard,
    kPublish,
    kOpen,
    kRead,
    kRemove,
    kList,
    kListUploads,
  };
  /// Runs before each call, outside of any lock: it may call this store, which then runs no hook. An error is
  /// the call's answer, and the call does nothing.
  using Fault = std::function<std::optional<Error>(Operation)>;
  void set_fault(Fault fault) { state_->fault = std::move(fault); }

  /// Changes stored bytes behind everyone's back; the blob must be there.
  void overwrite(const BlobId& id, std::string bytes);

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
  using Bytes = std::shared_ptr<std::string>;

  struct State {
    Fault fault;
    std::mutex mutex;  // Guards all below and the bytes.
    std::map<UploadId, Bytes> uploads;
    std::map<BlobId, Bytes> blobs;

    Result<void> enter(Operation operation) const;
  };
  class MemoryReader;
  class MemoryAppender;

  std::shared_ptr<State> state_ = std::make_shared<State>();  // Shared with readers and appenders.
};

}  // namespace lamina::blob
