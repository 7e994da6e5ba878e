// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/controller.h"
#include "http/limits.h"
#include "lamina/result.h"

namespace lamina::cmd {

struct ServeOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5000;
  std::string data = "data";
  /// Base of the absolute URLs in answers, without a slash at its end; empty: answers carry paths.
  std::string advertise_url;
  /// Patterns of repositories whose manifests may name absent content: `*` within a segment, `**` across.
  std::vector<std::string> accept_sparse;
  std::size_t threads = 0;         ///< For connections; 0: one a core.
  std::size_t workers = 32;        ///< Calls on the store at once.
  std::chrono::seconds grace{30};  ///< For requests in progress, at SIGTERM and SIGINT.
  std::chrono::seconds released_grace{
      std::chrono::hours{24}};  ///< What has an expiry stays after its last hold.
  http::Limits limits;
  std::optional<ControllerOptions> controller;  ///< Present: it runs beside, in this process.
};

/// Serves until SIGTERM or SIGINT. Prints `listening on http://<address>:<port>` to standard output once it
/// is ready. A second signal ends it at once.
Result<void> serve(const ServeOptions& options);

}  // namespace lamina::cmd
