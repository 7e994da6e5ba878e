// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lamina/digest.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "store/context.h"
#include "store/records.h"

namespace lamina::store {

/// The content of a blob, checked before it is given out. Not thread-safe; blocks on the store.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual std::uint64_t size() const = 0;
  /// Bytes from `offset` (less than size()) up to the end of its piece, verified against their checksum,
  /// valid until the next call. kCorrupt where they are damaged: the blob is in quarantine from then on.
  virtual Result<std::span<const std::byte>> at(std::uint64_t offset) = 0;
};

/// Bytes that arrived whole and match their digest, but that no record names yet.
struct StagedBlob {
  Digest digest;
  std::uint64_t size = 0;
  std::vector<std::uint32_t> checksums{};
  std::optional<std::string> bytes{};  ///< Where they go inline.
  blob::UploadId upload;
  bool recorded = false;   ///< There is an upload record; the commit removes it.
  bool published = false;  ///< The BlobStore has them under id_for(upload, digest).
  bool spilled = false;    ///< The BlobStore has them as an upload.
};

/// What repositories hold. A blob is visible in a repository by a link only. Thread-safe.
class Blobs {
 public:
  explicit Blobs(Context& context) : context_(context) {}

  /// The size. kNotFound about kBlob where the repository has no link to the blob or it is in quarantine.
  /// With `renew` the link's lease is renewed once less than half of it is left; a disk that takes no writes
  /// does not fail the read.
  Result<std::uint64_t> stat(const RepositoryName& repository, const Digest& digest, bool renew);
  Result<std::unique_ptr<BlobReader>> open(const RepositoryName& repository, const Digest& digest,
                                           bool renew);

  /// Links the blob without sending its bytes. With `from`, kNotFound about kBlob where that repository has
  /// no such link. Without, any of the first few repositories that hold it and that `readable` admits serves.
  /// Durable on return.
  Result<void> mount(const RepositoryName& repository, const Digest& digest,
                     const std::optional<RepositoryName>& from,
                     const std::function<bool(const RepositoryName&)>& readable);

  /// Removes the link at once. kUnsupported about kBlob, with the digests, where manifests of the repository
  /// name the blob. Durable on return.
  Result<void> remove(const RepositoryName& repository, const Digest& digest);

  /// Adds to `batch` what makes a staged blob stored, and linked in the repository for the time of `lease`.
  Result<void> add(meta::Batch& batch, const RepositoryName& repository, const StagedBlob& staged,
                   std::chrono::seconds lease);
  /// Clears up behind a staged blob whose commit has succeeded.
  void settle(const StagedBlob& staged);
  /// Clears up behind a staged blob that was not committed. With `in_doubt` its commit may be in the log all
  /// the same: then what it names stays, and recover() sorts that out. An open session stays as it is.
  void abandon(const StagedBlob& staged, bool in_doubt);

 private:
  Result<BlobRecord> visible(const RepositoryName& repository, const Digest& digest, bool renew);
  void renew(const RepositoryName& repository, const Digest& digest, const std::string& link);
  Result<std::unique_ptr<BlobReader>> reader_of(const Digest& digest, const BlobRecord& record);

  Context& context_;
};

/// The blob's record. The empty blob and `{}` have one always, and it is never written.
Result<std::optional<BlobRecord>> find_blob(Context& context, const Digest& digest);
/// The bytes of a built-in blob.
std::optional<std::string_view> built_in(const Digest& digest);
/// Adds the link from a repository to a blob with a full lease.
void add_link(Context& context, meta::Batch& batch, const RepositoryName& repository, const Digest& digest,
              std::chrono::seconds lease);

}  // namespace lamina::store
