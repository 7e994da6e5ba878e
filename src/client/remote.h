// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "client/body.h"
#include "client/exchange.h"
#include "lamina/client.h"

namespace lamina::client {

enum class Access : std::uint8_t { kPull, kPush, kDelete };

/// A descriptor with nothing but what it must have.
Descriptor describe(std::string media_type, const Digest& digest, std::uint64_t size);

/// The token scope of `access` to a repository.
std::string scope_of(const RepositoryName& repository, Access access);

/// The endpoints of one registry (distribution-spec v1.1.1). Thread-safe.
class Remote {
 public:
  /// `base` is scheme://host[:port]; `exchange` must outlive this.
  Remote(Exchange& exchange, std::string registry, std::string base)
      : exchange_(exchange), registry_(std::move(registry)), base_(std::move(base)) {}

  const std::string& registry() const { return registry_; }

  /// Lamina-Version of GET /v2/, empty for others; asked for once.
  Result<std::string> version();
  /// The address of an image's layer on Lamina's file face, as publish and search answer it; empty for
  /// others.
  Result<std::string> file_url(const RepositoryName& repository, const Digest& manifest,
                               const Descriptor& layer);

  /// Nothing where there is none. Falls back to GET where HEAD is refused or names no digest.
  Result<std::optional<Descriptor>> head_manifest(const RepositoryName& repository,
                                                  const TagOrDigest& reference);
  /// Checked: digest where asked by digest or stated by the registry, media type against the document.
  Result<FetchedManifest> get_manifest(const RepositoryName& repository, const TagOrDigest& reference);
  /// True where the registry says that it has put a subject into its referrers list.
  Result<bool> put_manifest(const RepositoryName& repository, const TagOrDigest& reference,
                            std::string_view media_type, std::string_view bytes);
  Result<void> delete_manifest(const RepositoryName& repository, const TagOrDigest& reference);

  /// True where the repository has the blob.
  Result<bool> has_blob(const RepositoryName& repository, const Digest& digest);
  /// A blob whose digest and size are known, in one PUT. `body` must have a size.
  Result<void> upload_known(const RepositoryName& repository, const Digest& digest, Body& body);
  /// A blob whose digest is known when it has been sent: PATCH, then PUT. The registry's digest is `body`'s.
  Result<void> upload_unknown(const RepositoryName& repository, HashingBody& body);
  /// True where the blob was mounted; false where it must be uploaded.
  Result<bool> mount(const RepositoryName& repository, const Digest& digest, const RepositoryName& from);

  /// Walks pages by Link until `page` returns false. `path` starts with /v2/.
  Result<void> pages(std::string_view path, const RepositoryName* repository,
                     const std::function<Result<bool>(const HttpResponse&)>& page);

  Call call(std::string method, std::string_view path, const RepositoryName* repository, Access access) const;
  /// Sends; an answer below 200 or from 300 on is an error.
  Result<HttpResponse> send(Call call);
  /// Sends and returns any answer.
  Result<HttpResponse> send_any(Call call) { return exchange_.send(std::move(call)); }

 private:
  /// What a registry tells of itself.
  struct Greeting {
    std::string version;
    std::string advertise_url;
  };
  Result<Greeting> greeting();
  Result<std::string> begin_upload(const RepositoryName& repository);
  Result<void> settle(const RepositoryName& repository, const Digest& digest, Result<HttpResponse> put);

  Exchange& exchange_;
  const std::string registry_;
  const std::string base_;
  std::mutex mutex_;
  std::optional<Greeting> greeting_;  ///< Guarded by mutex_.
};

}  // namespace lamina::client
