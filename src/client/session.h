// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/random.h"
#include "client/remote.h"
#include "lamina/client.h"

namespace lamina::client {

/// Hands progress to the caller's function, one call at a time. Thread-safe.
class Reporter {
 public:
  explicit Reporter(std::function<bool(const Progress&)> function) : function_(std::move(function)) {}
  /// kCancelled where the caller's function says so.
  Result<void> report(const Progress& progress);

 private:
  std::mutex mutex_;
  const std::function<bool(const Progress&)> function_;
};

/// What every operation is given.
struct Session {
  Reporter& reporter;
  Random& random;
};

Result<Published> push(Session session, Remote& remote, const Reference& target, const Content& content,
                       const PushOptions& options);

/// The manifest that a reference names; for an index the child of `platform`, or its only one.
Result<FetchedManifest> get_image(Remote& remote, const Reference& reference, const std::string& platform);
Result<Pulled> pull(Session session, Remote& remote, const Reference& reference,
                    const Destination& destination, const PullOptions& options);
Result<Pulled> pull_blob(Session session, Remote& remote, const Reference& repository, const Digest& digest,
                         const Destination& destination, const PullOptions& options);
/// Without credentials, which `exchange` must not have.
Result<Pulled> pull_url(Session session, Exchange& exchange, std::string_view url, const Digest& digest,
                        std::optional<std::uint64_t> size, const Destination& destination,
                        const PullOptions& options);
Result<Verified> verify(Session session, Remote& remote, const Reference& reference);

Result<Copied> copy(Session session, Remote& source, const Reference& from, Remote& target,
                    const Reference& to, const CopyOptions& options);

Result<std::vector<FoundArtifact>> find_derived(Remote& remote, const Identity& identity,
                                                const FindOptions& options);
Result<std::vector<FoundArtifact>> search(Remote& remote, const Identity& identity,
                                          const FindOptions& options);

Result<std::vector<Tag>> list_tags(Remote& remote, const RepositoryName& repository, std::size_t limit);
Result<std::vector<RepositoryName>> list_repositories(Remote& remote, std::size_t limit);
Result<std::vector<Descriptor>> list_referrers(Remote& remote, const RepositoryName& repository,
                                               const Digest& subject, std::string_view artifact_type);
/// Writes `referrer` into the index of the tag schema, where the registry has no referrers API. Not atomic:
/// a registry without that API has no conditional writes either.
Result<void> add_to_referrers_tag(Remote& remote, const RepositoryName& repository, const Digest& subject,
                                  const Descriptor& referrer);

/// Removes a manifest and, where the registry has no referrers API, its entry in the index of the tag schema
/// (distribution-spec, "Deleting Manifests"). As little atomic as add_to_referrers_tag().
Result<void> remove_manifest(Remote& remote, const RepositoryName& repository, const Digest& digest);

/// The identity that a manifest repeats; nothing where it has none or it cannot be read.
std::optional<Identity> identity_of(const Manifest& manifest);

}  // namespace lamina::client
