// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "controller/settings.h"
#include "kube/api.h"
#include "kube/leader.h"
#include "lamina/client.h"

namespace lamina::controller {

/// What a controller is made of; all of it outlives it.
struct Parts {
  kube::Api& api;
  Client& registry;  ///< Of Lamina's own.
  const Clock& clock;
  const MonotonicClock& monotonic;
  Random& random;
  /// Makes a client of a registry that an object names.
  std::function<std::unique_ptr<Client>(ClientOptions)> make_client;
  /// One line for the log; `trouble` where an operator may have to act. Called from several threads.
  std::function<void(bool trouble, const std::string& line)> log;
  std::function<void()> on_ready;  ///< Called when the caches are complete and work begins.
};

/// Looks after the objects of a cluster: verifies, holds, exports, and tells of it in their status.
class Controller {
 public:
  Controller(Parts parts, Settings settings) : parts_(std::move(parts)), settings_(std::move(settings)) {}

  /// Works until `stop`. At most one controller of a cluster works at a time: this is called by the leader.
  void run(const std::stop_token& stop);

 private:
  /// Until `stop`, or until the cluster has more of the kinds that hold content.
  void work(const std::stop_token& stop);

  Parts parts_;
  const Settings settings_;
};

}  // namespace lamina::controller
