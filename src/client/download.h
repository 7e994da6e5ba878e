// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "client/remote.h"
#include "client/session.h"

namespace lamina::client {

/// From here on a file comes in parallel ranges.
inline constexpr std::uint64_t kParallelFrom = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kSegment = std::uint64_t{16} << 20;
inline constexpr unsigned kParallelRanges = 4;

struct BlobName {
  std::optional<RepositoryName> repository;  ///< Absent: the content is at `path`.
  Digest digest;
  std::optional<std::uint64_t> size;  ///< Unknown where only the digest was given.
  std::string path;                   ///< Below the address of the remote.
};

/// Size of a blob by HEAD. Nothing where the registry does not tell, or answers 404: why, only a GET tells.
Result<std::optional<std::uint64_t>> blob_size(Remote& remote, const RepositoryName& repository,
                                               const Digest& digest);

/// In order into `sink`, which only a success tells that the bytes were right. A transfer that breaks goes on
/// where it broke. Returns the bytes received.
Result<std::uint64_t> download(Session session, Remote& remote, const BlobName& blob, Sink& sink);

/// Into an empty file that is open for reading and writing; in parallel ranges where it is large and the
/// registry can. Verified as a whole when it returns.
Result<std::uint64_t> download_to_file(Session session, Remote& remote, const BlobName& blob, int fd);

}  // namespace lamina::client
