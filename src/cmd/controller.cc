// SPDX-License-Identifier: Apache-2.0
#include "cmd/controller.h"

#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "cmd/health_page.h"
#include "cmd/stop_signals.h"
#include "cmd/version.h"
#include "controller/controller.h"
#include "controller/pause.h"
#include "controller/snapshots.h"
#include "kube/leader.h"

namespace lamina::cmd {
namespace {

constexpr std::string_view kLease = "lamina-controller";
constexpr std::chrono::seconds kLongestWait{30};

const kube::ResourceType& namespace_type() {
  static const kube::ResourceType kType{
      .group = "", .version = "v1", .plural = "namespaces", .kind = "Namespace", .namespaced = false};
  return kType;
}

/// What tells this cluster from all others. Waits for the API server; nothing where `stop` came first.
Result<std::string> cluster_id(kube::Api& api, const std::stop_token& stop) {
  for (std::chrono::milliseconds delay{500}; !stop.stop_requested();
       delay = std::min<std::chrono::milliseconds>(delay * 2, kLongestWait)) {
    const auto found = api.get(namespace_type(), {.namespace_name = {}, .name = "kube-system"});
    if (found) return found->uid;
    // An API server that has just started does not know the rights of its users yet.
    const Code code = found.error().code;
    if (code != Code::kUnavailable && code != Code::kDenied && code != Code::kUnauthorized) {
      return fail(found.error().code,
                  "reading the namespace kube-system, whose UID names the cluster: " + found.error().message);
    }
    spdlog::warn("waiting for the API server: {}", found.error().message);
    controller::pause(stop, delay);
  }
  return fail(Code::kCancelled, "stopped before the API server answered");
}

std::string holder_identity(Random& random) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + "_" + random.hex128();
}

}  // namespace

Result<void> run_controller(const ControllerOptions& options, const std::function<void()>& on_ready,
                            const std::stop_token& stop) {
  const SystemClock clock;
  const SystemMonotonicClock monotonic;
  SystemRandom random;
  LAMINA_ASSIGN(const kube::Config config, kube::load_config(options.kubernetes));
  const std::string lease_namespace =
      options.lease_namespace.empty() ? config.namespace_name : options.lease_namespace;
  const std::string user_agent = "lamina-controller/" + std::string(kVersion);
  const auto api = kube::make_api(config, clock, user_agent);
  controller::Settings settings = options.settings;
  LAMINA_ASSIGN(settings.cluster, cluster_id(*api, stop));
  LAMINA_TRY(controller::check_snapshots(*api, settings.snapshots));

  ClientOptions client_options = options.client;
  client_options.user_agent = user_agent;
  client_options.cancelled = [stop] { return stop.stop_requested(); };
  Client registry(client_options);
  controller::Controller controller({.api = *api,
                                     .registry = registry,
                                     .clock = clock,
                                     .monotonic = monotonic,
                                     .random = random,
                                     .make_client =
                                         [&](ClientOptions theirs) {
                                           theirs.user_agent = user_agent;
                                           // A worker that waited for them would keep others waiting.
                                           theirs.retries = 0;
                                           theirs.connect_timeout = client_options.connect_timeout;
                                           theirs.stall_timeout = client_options.stall_timeout;
                                           theirs.cancelled = client_options.cancelled;
                                           return std::make_unique<Client>(std::move(theirs));
                                         },
                                     .log =
                                         [](bool trouble, const std::string& line) {
                                           spdlog::log(trouble ? spdlog::level::warn : spdlog::level::info,
                                                       "{}", line);
                                         },
                                     .on_ready = on_ready},
                                    settings);

  // Ends with this function; the page says for how long the process is of use.
  std::unique_ptr<HealthPage> page;
  if (!options.health_address.empty()) {
    LAMINA_ASSIGN(page, HealthPage::open(options.health_address, options.health_port));
    spdlog::info("health on http://{}:{}", options.health_address, page->port());
  }
  const kube::LeaderOptions election{
      .namespace_name = lease_namespace,
      .lease_name = std::string(kLease),
      .identity = holder_identity(random),
      .on_trouble = [](const Error& error) { spdlog::warn("leader election: {}", error.message); }};
  spdlog::info("waiting for the lease {}/{} as {}", lease_namespace, kLease, election.identity);
  return kube::lead_when_elected(
      *api, election, monotonic,
      [&](const kube::Leadership& leadership, const std::stop_token& term) {
        spdlog::info("leading, term {}", leadership.term);
        controller.run(term);
        spdlog::info("no longer leading");
      },
      stop);
}

Result<void> serve_controller(const ControllerOptions& options) {
  mallopt(M_ARENA_MAX, 2);  // As in serve.cc.
  log_to_standard_error();
  StopSignals signals;
  std::stop_source stopping;
  signals.watch([&] { stopping.request_stop(); });
  const auto print_ready = [] {
    fmt::print("controller ready\n");
    std::fflush(stdout);
  };
  const auto result = run_controller(options, print_ready, stopping.get_token());
  signals.end();
  // Who is stopped before it could begin has done what it was asked for.
  if (!result && result.error().code == Code::kCancelled && stopping.stop_requested()) return {};
  return result;
}

}  // namespace lamina::cmd
