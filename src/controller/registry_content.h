// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "controller/content.h"
#include "controller/settings.h"
#include "kube/api.h"
#include "lamina/client.h"

namespace lamina::controller {

/// What a failed call on a registry means for an object. `what` is what was looked for.
Trouble trouble_of(const Error& error, std::string_view what);

/// ContentSource by the client library. Keeps a client a registry and set of Secrets, so that connections and
/// tokens are used again; a Secret that changed makes another client. `api` and `own` outlive it.
class RegistryContent final : public ContentSource {
 public:
  using MakeClient = std::function<std::unique_ptr<Client>(ClientOptions)>;

  /// `own` is a client of Lamina's registry, which it reaches at `endpoint`, whatever objects call it.
  RegistryContent(kube::Api& api, Client& own, std::string endpoint, MakeClient make_client)
      : api_(api), own_(own), endpoint_(std::move(endpoint)), make_client_(std::move(make_client)) {}

  std::expected<Content, Trouble> look(const Reference& reference, const Expected& expected,
                                       const RegistryAccess* access,
                                       const std::string& namespace_name) override;
  std::expected<Digest, Trouble> resolve(const Reference& reference) override;
  std::expected<void, Trouble> remove(const Reference& reference) override;

 private:
  struct Secrets {
    std::string versions;  ///< Tells one state of the Secrets from another.
    ClientOptions options;
  };
  std::expected<std::shared_ptr<Client>, Trouble> client_of(const RegistryAccess& access,
                                                            const std::string& namespace_name);
  std::expected<Secrets, Trouble> read_secrets(const RegistryAccess& access,
                                               const std::string& namespace_name);

  kube::Api& api_;
  Client& own_;
  const std::string endpoint_;
  const MakeClient make_client_;
  std::mutex mutex_;
  /// Guarded by mutex_. By namespace and access; with the state of the Secrets that it was made of.
  std::map<std::string, std::pair<std::string, std::shared_ptr<Client>>> clients_;
};

}  // namespace lamina::controller
