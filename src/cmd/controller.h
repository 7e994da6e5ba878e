// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "controller/settings.h"
#include "kube/config.h"
#include "lamina/client.h"
#include "lamina/result.h"

namespace lamina::cmd {

struct ControllerOptions {
  kube::ConfigOptions kubernetes;
  ClientOptions client;           ///< For Lamina's registry.
  controller::Settings settings;  ///< All but `cluster`.
  std::string lease_namespace;    ///< Empty: the namespace of the kubeconfig or of the pod.
  std::string health_address;     ///< Empty: no health page.
  std::uint16_t health_port = 0;
};

/// Works, once elected, until `stop`. `on_ready` is called each time that it has been elected and its caches
/// are complete. An API server that does not answer is waited for.
Result<void> run_controller(const ControllerOptions& options, const std::function<void()>& on_ready,
                            const std::stop_token& stop);

/// `lamina controller`: the same until SIGTERM or SIGINT; prints `controller ready` to standard output.
Result<void> serve_controller(const ControllerOptions& options);

}  // namespace lamina::cmd
