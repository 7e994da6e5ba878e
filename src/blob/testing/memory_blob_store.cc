// SPDX-License-Identifier: Apache-2.0
#include "blob/testing/memory_blob_store.h"

#include <algorithm>

namespace lamina::blob {
namespace {

thread_local bool in_fault = false;

}  // namespace

Result<void> MemoryBlobStore::State::enter(Operation operation) const {
  if (!fault || in_fault) return {};
  in_fault = true;
  auto error = fault(operation);
  in_fault = false;
  if (error) return std::unexpected(*std::move(error));
  return {};
}

class MemoryBlobStore::MemoryReader final : public Reader {
 public:
  MemoryReader(std::shared_ptr<State> state, Bytes bytes)
      : state_(std::move(state)), bytes_(std::move(bytes)), size_(bytes_->size()) {}

  std::uint64_t size() const override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    LAMINA_TRY(state_->enter(Operation::kRead));
    const std::scoped_lock lock(state_->mutex);
    if (offset >= bytes_->size()) return 0;
    const auto from = std::as_bytes(std::span(*bytes_)).subspan(offset);
    const std::size_t count = std::min(buffer.size(), from.size());
    std::copy_n(from.begin(), count, buffer.begin());
    return count;
  }

 private:
  std::shared_ptr<State> state_;
  Bytes bytes_;
  std::uint64_t size_;
};

class MemoryBlobStore::MemoryAppender final : public Appender {
 public:
  MemoryAppender(std::shared_ptr<State> state, Bytes bytes)
      : state_(std::move(state)), bytes_(std::move(bytes)), size_(bytes_->size()) {}

  std::uint64_t size() const override { return size_; }
  Result<void> append(std::span<const std::byte> bytes) override {
    LAMINA_TRY(state_->enter(Operation::kWrite));
    const std::scoped_lock lock(state_->mutex);
    bytes_->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    size_ += bytes.size();
    return {};
  }

 private:
  std::shared_ptr<State> state_;
  Bytes bytes_;
  std::uint64_t size_;
};

void MemoryBlobStore::overwrite(const BlobId& id, std::string bytes) {
  const std::scoped_lock lock(state_->mutex);
  *state_->blobs.at(id) = std::move(bytes);
}

Result<std::unique_ptr<Appender>> MemoryBlobStore::append(const UploadId& upload) {
  LAMINA_TRY(state_->enter(Operation::kAppend));
  const std::scoped_lock lock(state_->mutex);
  Bytes& bytes = state_->uploads[upload];
  if (!bytes) bytes = std::make_shared<std::string>();
  return std::make_unique<MemoryAppender>(state_, bytes);
}

Result<std::unique_ptr<Reader>> MemoryBlobStore::read_upload(const UploadId& upload) {
  LAMINA_TRY(state_->enter(Operation::kReadUpload));
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->uploads.find(upload);
  if (found == state_->uploads.end()) {
    return fail(Code::kNotFound, About::kUpload, "upload " + upload.str() + " has no bytes");
  }
  return std::make_unique<MemoryReader>(state_, found->second);
}

Result<void> MemoryBlobStore::discard(const UploadId& upload) {
  LAMINA_TRY(state_->enter(Operation::kDiscard));
  const std::scoped_lock lock(state_->mutex);
  state_->uploads.erase(upload);
  return {};
}

BlobId MemoryBlobStore::id_for(const UploadId& upload, const Digest& digest) const {
  return BlobId(digest.hex() + "." + upload.str());
}

Result<void> MemoryBlobStore::publish(const UploadId& upload, const Digest& digest) {
  LAMINA_TRY(state_->enter(Operation::kPublish));
  const std::scoped_lock lock(state_->mutex);
  const BlobId id = id_for(upload, digest);
  const auto found = state_->uploads.find(upload);
  if (found != state_->uploads.end()) {
    state_->blobs.emplace(id, std::move(found->second));
    state_->uploads.erase(found);
  } else if (!state_->blobs.contains(id)) {
    return fail(Code::kNotFound, About::kUpload, "upload " + upload.str() + " has no bytes");
  }
  return {};
}

Result<std::unique_ptr<Reader>> MemoryBlobStore::open(const BlobId& id) {
  LAMINA_TRY(state_->enter(Operation::kOpen));
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->blobs.find(id);
  if (found == state_->blobs.end()) {
    return fail(Code::kNotFound, About::kBlob, "there are no bytes named " + id.str());
  }
  return std::make_unique<MemoryReader>(state_, found->second);
}

Result<void> MemoryBlobStore::remove(const BlobId& id) {
  LAMINA_TRY(state_->enter(Operation::kRemove));
  const std::scoped_lock lock(state_->mutex);
  state_->blobs.erase(id);
  return {};
}

Result<std::vector<BlobId>> MemoryBlobStore::list(const BlobId& after, std::size_t limit) {
  LAMINA_TRY(state_->enter(Operation::kList));
  const std::scoped_lock lock(state_->mutex);
  std::vector<BlobId> out;
  for (auto next = state_->blobs.upper_bound(after); next != state_->blobs.end() && out.size() < limit;
       ++next) {
    out.push_back(next->first);
  }
  return out;
}

Result<std::vector<UploadId>> MemoryBlobStore::list_uploads() {
  LAMINA_TRY(state_->enter(Operation::kListUploads));
  const std::scoped_lock lock(state_->mutex);
  std::vector<UploadId> out;
  for (const auto& [upload, bytes] : state_->uploads) out.push_back(upload);
  return out;
}

}  // namespace lamina::blob
