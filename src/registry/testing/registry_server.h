// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/testing/raw_client.h"
#include "http/testing/server_thread.h"
#include "http/workers.h"
#include "lamina/manifest.h"
#include "oci/json.h"
#include "registry/registry.h"
#include "store/testing/harness.h"

namespace lamina::registry {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// An answer of the registry.
struct Reply : http::RawAnswer {
  /// Id and message of the first error of the document, empty where the body is no OCI error document.
  std::string error_id() const;
  std::string error_message() const;
  /// The body as JSON; fails the test where it is none.
  oci::Json json() const;
  /// The address in the header Link of relation `next`, or "".
  std::string next() const;
};

/// A registry over a store in memory, behind the real HTTP server on a loopback port. All helpers that push
/// fail the running test where a step fails.
class RegistryServer {
 public:
  explicit RegistryServer(Options options = {}, store::Options store_options = store::Harness::small());
  ~RegistryServer();
  RegistryServer(const RegistryServer&) = delete;
  RegistryServer& operator=(const RegistryServer&) = delete;

  store::Harness& store() { return harness_; }
  Registry& registry() { return *registry_; }
  http::RawClient connect() { return http::RawClient(server_->port()); }
  /// What went to the log of failures so far.
  std::vector<std::string> failures();

  /// One request on a connection of its own. Content-Length is added where the fields have none and name no
  /// transfer coding; `target` is sent as it is. Status 0 where the answer breaks off.
  Reply request(std::string_view method, std::string_view target, const Fields& fields = {},
                std::string_view body = {});
  Reply get(std::string_view target, const Fields& fields = {}) { return request("GET", target, fields); }
  Reply head(std::string_view target, const Fields& fields = {}) { return request("HEAD", target, fields); }
  Reply remove(std::string_view target) { return request("DELETE", target); }

  Digest push_blob(std::string_view repository, std::string_view bytes);
  /// An image manifest around these layers and the config `{}`, all of which are pushed.
  Manifest image(std::string_view repository, const std::vector<std::string>& layers = {"layer"});
  /// Puts the manifest, serialised, under a tag or, where that is empty, under its digest.
  Digest push(std::string_view repository, std::string_view tag, const Manifest& manifest);
  Digest push_image(std::string_view repository, std::string_view tag,
                    const std::vector<std::string>& layers = {"layer"});
  /// The path of a new upload.
  std::string begin_upload(std::string_view repository);

  /// Flips one bit of the stored bytes behind the store's back.
  void damage(const Digest& digest, std::size_t at = 0);

 private:
  store::Harness harness_;
  http::Workers workers_{2};
  std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<http::ServerThread> server_;
};

/// A body in chunked framing, cut into chunks of `size`.
std::string chunked(std::string_view body, std::size_t size = 1000);
/// "/v2/<repository>/blobs/<digest>", ".../manifests/<digest>"
std::string blob_path(std::string_view repository, const Digest& digest);
std::string manifest_path(std::string_view repository, const Digest& digest);
/// Bytes that differ from one another.
std::string pattern(std::size_t size);

}  // namespace lamina::registry
