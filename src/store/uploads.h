// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "lamina/digest.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "store/blobs.h"
#include "store/checksum.h"
#include "store/context.h"

namespace lamina::store {

class Uploads;

/// The one writer of an upload. Blocks on the store; not thread-safe. Destroyed without suspend() or
/// finish(), a session is suspended and a direct upload discarded.
class Upload {
 public:
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  const blob::UploadId& id() const { return state_.id; }
  std::uint64_t offset() const { return state_.size; }

  /// Adds bytes. After an error the upload keeps what reached the store, and only suspend() may follow.
  Result<void> append(std::span<const std::byte> bytes);
  /// On return the bytes survive the death of the process, and another request may go on.
  Result<void> suspend();
  /// Forgets the upload.
  void discard();

  /// Checks the bytes against the digest, stores them and links them in the repository. Durable on return;
  /// the upload is gone, also after kMismatch and where the bytes could not be made durable.
  Result<void> finish(const Digest& digest);
  /// The same up to the commit, which the caller makes: Blobs::add() and, after it, Blobs::settle() or
  /// abandon(). Until this object goes no other request can take up the session.
  Result<StagedBlob> stage(const Digest& digest);
  /// The digest of the bytes so far in the upload's algorithm.
  Digest digest_so_far() const { return state_.hasher.digest(); }

 private:
  friend class Uploads;
  /// What another request needs to go on without reading the bytes again.
  struct State {
    blob::UploadId id;
    RepositoryName repository;
    bool recorded;
    Hasher hasher;
    PieceChecksums checksums;
    std::uint64_t size = 0;
    std::string buffer;        ///< All bytes, as long as they may go inline.
    bool spilled = false;      ///< The BlobStore has an upload of this name.
    std::uint64_t stored = 0;  ///< Its bytes; those behind are in the buffer, which then has all.
  };

  Upload(Uploads& uploads, State state) : uploads_(uploads), state_(std::move(state)) {}
  Result<void> open_appender();
  Result<void> spill();
  Result<void> check(const Digest& digest);
  Result<void> publish(const Digest& digest);
  void leave(std::optional<State> idle);

  Uploads& uploads_;
  State state_;
  std::unique_ptr<blob::Appender> appender_;
  bool broken_ = false;
  bool ended_ = false;
  bool left_ = false;  // Another request may be the writer by now.
};

/// Uploads in progress. A session has a record and survives a restart; a direct upload lives for one request.
/// Thread-safe. Uploads outlives every Upload.
class Uploads {
 public:
  Uploads(Context& context, Blobs& blobs) : context_(context), blobs_(blobs) {}

  /// Opens a session. It survives the death of the process.
  Result<blob::UploadId> begin(const RepositoryName& repository, Algorithm algorithm);
  /// An upload within one request.
  Result<std::unique_ptr<Upload>> direct(const RepositoryName& repository, Algorithm algorithm);
  /// The bytes that the session has. kNotFound about kUpload where there is no such session in the
  /// repository.
  Result<std::uint64_t> status(const RepositoryName& repository, std::string_view upload);
  /// Becomes the session's one writer. kConflict where another request of this process is.
  Result<std::unique_ptr<Upload>> resume(const RepositoryName& repository, std::string_view upload);
  /// Ends the session. kConflict as above.
  Result<void> cancel(const RepositoryName& repository, std::string_view upload);

  /// Sorts out what a crash left behind: publications without a commit, bytes without a record, removals that
  /// were decided. Only where this process is alone on the store, before it serves.
  Result<void> recover();

 private:
  friend class Upload;

  Result<blob::UploadId> find(const RepositoryName& repository, std::string_view upload);
  Result<Upload::State> load(const RepositoryName& repository, const blob::UploadId& id);
  bool claim(const blob::UploadId& id);
  void release(const blob::UploadId& id, std::optional<Upload::State> idle);

  Context& context_;
  Blobs& blobs_;
  std::mutex mutex_;
  std::set<blob::UploadId> claimed_;              // guarded by mutex_
  std::map<blob::UploadId, Upload::State> idle_;  // guarded by mutex_
};

}  // namespace lamina::store
