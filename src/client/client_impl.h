// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "client/auth.h"
#include "client/exchange.h"
#include "client/remote.h"
#include "client/session.h"
#include "client/transport.h"
#include "lamina/client.h"

namespace lamina {

/// The parts of a client, put together. Tests bring a transport, a pacing and a clock of their own.
struct Client::Impl {
  Impl(ClientOptions client_options, std::unique_ptr<client::Transport> wire, client::Pacing pacing,
       std::unique_ptr<Clock> time);

  /// The registry by its name as users write it; empty for the default one.
  client::Remote& remote(std::string_view registry);
  client::Session session() { return {.reporter = reporter, .random = random}; }

  const ClientOptions options;
  const std::shared_ptr<CredentialsProvider> credentials;
  const std::unique_ptr<client::Transport> transport;
  const std::unique_ptr<Clock> clock;
  SystemRandom random;
  client::Authenticator authenticator;
  client::Exchange exchange;
  client::Authenticator no_credentials;
  client::Exchange anonymous_exchange;  ///< For addresses that are not those of registries.
  client::Reporter reporter;
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<client::Remote>, std::less<>>
      remotes;  ///< Guarded by mutex; entries stay.
};

}  // namespace lamina
