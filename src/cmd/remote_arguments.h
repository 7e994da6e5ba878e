// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/progress.h"
#include "lamina/client.h"

namespace lamina::cmd {

/// How to reach registries: the settings of section `client`.
struct RemoteArguments {
  std::string registry = "127.0.0.1:5000";
  PlainHttp plain_http = PlainHttp::kAuto;
  std::set<std::string, std::less<>> plain_http_registries, tls_registries;  ///< By their schemes.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  bool insecure = false;
  std::string username;
  std::string password_file;
  std::string docker_config;
  std::uint64_t retries = 4;
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds stall_timeout{60};

  void declare(Command& command);
  /// Takes HOST[:PORT] with or without a scheme, which then counts more than --tls. Both outlive the command.
  Take take_registry(std::string& name);
  /// Where a reference points to.
  const std::string& registry_of(const Reference& reference) const {
    return reference.registry.empty() ? registry : reference.registry;
  }
};

/// Options for a client, without progress. Reads the password file. kInvalid for options that need each
/// other.
Result<ClientOptions> client_options(const RemoteArguments& arguments);

/// A client that shows its progress, and gives up when a signal arrives. `context` outlives it.
class Remote {
 public:
  /// Progress is that of `subject`, where it is not empty, instead of single files and blobs.
  static Result<Remote> open(const RemoteArguments& arguments, Context& context, std::string subject = {});
  Client& operator*() { return *client_; }
  Client* operator->() { return client_.get(); }

 private:
  Remote(std::unique_ptr<ProgressDisplay> display, std::unique_ptr<Client> client)
      : display_(std::move(display)), client_(std::move(client)) {}

  std::unique_ptr<ProgressDisplay> display_;
  std::unique_ptr<Client> client_;
};

}  // namespace lamina::cmd
