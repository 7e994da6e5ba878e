// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "http/transport.h"
#include "kube/api.h"
#include "kube/credentials.h"
#include "kube/request.h"
#include "kube/type_catalog.h"

namespace lamina::kube {

/// What an HttpApi needs from outside; tests bring their own.
struct Wiring {
  /// A transport for requests of this identity.
  std::function<std::unique_ptr<http::Transport>(const Identity&)> connect;
  std::function<void(std::chrono::milliseconds)> sleep;
  Credentials::PluginRunner run_plugin = &run_exec_plugin;
};
/// libcurl and the system's sleep. `config` is copied.
Wiring system_wiring(const Config& config, std::string user_agent);

/// The API server by HTTP.
class HttpApi final : public Api {
 public:
  HttpApi(Config config, const Clock& clock, Wiring wiring);

  Result<Object> get(const ResourceType& type, const ObjectKey& key) override;
  Result<Page> list(const ResourceType& type, const ListOptions& options, std::string_view next) override;
  Result<void> watch(const ResourceType& type, const WatchOptions& options,
                     const std::function<Result<void>(std::string_view)>& on_line,
                     std::stop_token stop) override;
  Result<Object> create(const ResourceType& type, std::string_view namespace_name, std::string_view json,
                        const WriteOptions& options) override;
  Result<Object> update(const ResourceType& type, const ObjectKey& key, std::string_view json,
                        const WriteOptions& options) override;
  Result<Object> patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                       std::string_view json, const WriteOptions& options) override;
  Result<void> remove(const ResourceType& type, const ObjectKey& key, const DeleteOptions& options) override;
  Result<ResourceType> resolve_type(std::string_view name) override;

 private:
  struct Connection {
    std::shared_ptr<const Identity> identity;
    std::shared_ptr<http::Transport> transport;
  };
  /// How a request is sent.
  struct Sending {
    bool repeat = true;                      ///< Where the server says that it did nothing.
    std::chrono::seconds stall_timeout{65};  ///< The server gives up after 60 s itself.
    std::stop_token stop = {};
  };

  Result<Connection> connection();
  http::Headers headers(const Request& request, const Identity& identity) const;
  /// Sends it until the answer is a success, which goes to `sink`, or there is no point in going on.
  Result<void> send(Request request, http::ResponseSink& sink, const Sending& sending);
  Result<std::string> text(Request request);
  Result<Object> object(Result<Request> request);

  const Config config_;
  const Wiring wiring_;
  Credentials credentials_;
  http::Headers impersonation_;
  TypeCatalog types_;
  std::mutex mutex_;  // Guards what is below.
  Connection connection_;
};

}  // namespace lamina::kube
