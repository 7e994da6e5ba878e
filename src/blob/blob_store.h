// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/digest.h"
#include "lamina/result.h"

namespace lamina::blob {

/// The physical name of stored bytes: never reused, opaque above this interface. A blob record names it.
class BlobId {
 public:
  BlobId() = default;
  explicit BlobId(std::string text) : text_(std::move(text)) {}
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const BlobId&, const BlobId&) = default;

 private:
  std::string text_;
};

/// The name of an upload in progress: 32 lower-case hex digits from base/random.h.
class UploadId {
 public:
  static Result<UploadId> parse(std::string_view text);  // kNotFound about kUpload where the form is wrong
  const std::string& str() const { return text_; }
  friend auto operator<=>(const UploadId&, const UploadId&) = default;

 private:
  explicit UploadId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Bytes at rest. Reads are safe from several threads at once.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills `buffer` from `offset`; fewer bytes than asked only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
};

/// The open end of an upload. One writer an upload at a time is the caller's duty; not thread-safe.
class Appender {
 public:
  virtual ~Appender() = default;
  /// Bytes in the upload, those of earlier appenders included.
  virtual std::uint64_t size() const = 0;
  /// On return the bytes survive the death of the process, not power loss.
  virtual Result<void> append(std::span<const std::byte> bytes) = 0;
};

/// Where the bytes of large blobs are. Knows neither repositories nor references. All calls may block on a
/// disk or a network. Thread-safe. Several server processes may work on one store, unless a backend says
/// otherwise. Errors: kNotFound, kNoSpace, kUnavailable, kInternal.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  /// Opens the end of the upload, which is made where it does not exist yet.
  virtual Result<std::unique_ptr<Appender>> append(const UploadId& upload) = 0;
  /// The bytes of the upload so far; kNotFound before the first append().
  virtual Result<std::unique_ptr<Reader>> read_upload(const UploadId& upload) = 0;
  /// Forgets the upload's bytes. Success where there are none.
  virtual Result<void> discard(const UploadId& upload) = 0;

  /// The name that publish() will give: pure, so that an intent can be recorded before there are bytes.
  virtual BlobId id_for(const UploadId& upload, const Digest& digest) const = 0;
  /// Makes the upload's bytes a blob named id_for(upload, digest); the upload is gone. Durable on return.
  /// Repeating it after a crash in its middle completes it. The digest is the caller's word, not checked.
  virtual Result<void> publish(const UploadId& upload, const Digest& digest) = 0;

  /// kNotFound about kBlob where there are no such bytes.
  virtual Result<std::unique_ptr<Reader>> open(const BlobId& id) = 0;
  /// Durable on return. Success where there are none.
  virtual Result<void> remove(const BlobId& id) = 0;

  /// Up to `limit` ids in ascending order after `after` (an empty id: from the start). For audits.
  virtual Result<std::vector<BlobId>> list(const BlobId& after, std::size_t limit) = 0;
  /// All uploads that have bytes, in ascending order. For audits and the removal of abandoned ones.
  virtual Result<std::vector<UploadId>> list_uploads() = 0;
};

}  // namespace lamina::blob
