// SPDX-License-Identifier: Apache-2.0
#include "cmd/serve.h"

#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "cmd/data_folder.h"
#include "cmd/stop_signals.h"
#include "cmd/version.h"
#include "http/server.h"
#include "http/workers.h"
#include "oci/repository_pattern.h"
#include "registry/errors.h"
#include "registry/registry.h"
#include "store/store.h"

namespace lamina::cmd {
namespace {

constexpr std::chrono::seconds kExpiryInterval{1};
constexpr std::chrono::minutes kTrimInterval{1};

void trim(const std::stop_token& stop, store::Changes& changes) {
  bool more = true;
  while (more && !stop.stop_requested()) {
    const auto removed = changes.trim();
    if (!removed) spdlog::error("removing old changes: {}", removed.error().message);
    more = removed && *removed > 0;
  }
}

/// Removes manifests whose time to live is over, and changes that are too old.
void expire(const std::stop_token& stop, store::Store& store) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  auto trim_at = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    const auto removed = store.manifests().remove_expired();
    if (!removed) spdlog::error("removing expired manifests: {}", removed.error().message);
    if (std::chrono::steady_clock::now() >= trim_at) {
      trim(stop, store.changes());
      trim_at = std::chrono::steady_clock::now() + kTrimInterval;
    }
    // Where some were due, more may be.
    if (!removed || *removed == 0) wake.wait_for(lock, stop, kExpiryInterval, [] { return false; });
  }
}

/// A descriptor for each connection and each file that one reads: as many as the system lets this process
/// have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    spdlog::warn("the limit on open files stays as it is: {}", errno);
}

/// The controller of `serve --controller`, for this server. It ends with it; where it cannot begin, the log
/// says why, and the registry goes on.
void work_beside(const ServeOptions& options, std::uint16_t port, const std::stop_token& stop) {
  ControllerOptions made = *options.controller;
  const bool any = options.address == "0.0.0.0" || options.address == "::";
  const std::string host = any ? "127.0.0.1" : options.address;
  const std::string own = (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
  made.client.default_registry = own;
  made.client.plain_http_registries.insert(own);
  made.settings.endpoint = own;
  made.settings.advertise_url = options.advertise_url;
  made.settings.plain_http = !options.advertise_url.starts_with("https://");
  // Host and port of the base, which is where its clients go.
  const std::size_t scheme = options.advertise_url.find("://");
  made.settings.registry = scheme == std::string::npos
                               ? own
                               : options.advertise_url.substr(
                                     scheme + 3, options.advertise_url.find('/', scheme + 3) - scheme - 3);
  const auto ended = run_controller(made, [] { spdlog::info("controller ready"); }, stop);
  if (!ended && !stop.stop_requested()) spdlog::error("controller: {}", ended.error().message);
}

registry::Options registry_options(const ServeOptions& options) {
  registry::Options made;
  made.advertise_url = options.advertise_url;
  made.version = kVersion;
  made.log_failure = [](const http::Request& request, const Error& error) {
    spdlog::error("{} {}: {}: {}", request.method, request.target, to_string(error.code), error.message);
  };
  return made;
}

store::Options store_options(const ServeOptions& options) {
  store::Options made;
  made.released_grace = options.released_grace;
  made.accepts_sparse = [patterns = options.accept_sparse](const RepositoryName& name) {
    return std::ranges::any_of(
        patterns, [&](const auto& pattern) { return oci::matches_repository(pattern, name.str()); });
  };
  return made;
}

}  // namespace

Result<void> serve(const ServeOptions& options) {
  // Every thread with an arena of its own would cost more than the locks on two.
  mallopt(M_ARENA_MAX, 2);
  log_to_standard_error();
  raise_descriptor_limit();
  StopSignals signals;
  // A mistake in it is one at the start, not one that a log tells.
  if (options.controller) LAMINA_TRY(kube::load_config(options.controller->kubernetes));

  const auto files = fs::posix_file_system();
  const SystemClock clock;
  SystemRandom random;
  LAMINA_ASSIGN(const auto folder, DataFolder::open(*files, options.data));
  store::Store store(folder->meta(), folder->blobs(), clock, random, store_options(options));
  LAMINA_TRY(store.prepare());
  LAMINA_TRY(store.uploads().recover());

  http::Workers workers(options.workers);
  registry::Registry registry(store, workers, registry_options(options));
  http::ServerOptions server_options{.address = options.address,
                                     .port = options.port,
                                     .threads = options.threads,
                                     .limits = options.limits,
                                     .render_error = registry::protocol_error};
  LAMINA_ASSIGN(const auto server,
                http::Server::listen(std::move(server_options),
                                     [&](http::Exchange& exchange) { return registry.serve(exchange); }));

  std::jthread expiry([&](const std::stop_token& stop) { expire(stop, store); });
  std::jthread controller;
  if (options.controller) {
    controller =
        std::jthread([&](const std::stop_token& stop) { work_beside(options, server->port(), stop); });
  }
  signals.watch([&] {
    registry.set_ready(false);
    controller = {};  // Stops and joins, while there is a registry to tell.
    registry.stop_waiting();
    server->stop(options.grace);
  });
  registry.set_ready(true);
  const bool bracketed = options.address.find(':') != std::string::npos;
  fmt::print("listening on http://{}{}{}:{}\n", bracketed ? "[" : "", options.address, bracketed ? "]" : "",
             server->port());
  std::fflush(stdout);
  server->run();
  signals.end();
  workers.join();
  return {};
}

}  // namespace lamina::cmd
