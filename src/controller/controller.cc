// SPDX-License-Identifier: Apache-2.0
#include "controller/controller.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "controller/fenced_api.h"
#include "controller/hold_keeper.h"
#include "controller/pause.h"
#include "controller/registry_content.h"
#include "controller/registry_feed.h"
#include "controller/roster.h"
#include "controller/work.h"

namespace lamina::controller {
namespace {

constexpr std::chrono::seconds kSyncRetry{5};

/// Greater than that of any leader before, as long as clocks do not go back further than a lease is long.
std::uint64_t generation_at(UnixTime now) {
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

}  // namespace

void Controller::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) work(stop);
}

void Controller::work(const std::stop_token& outer) {
  std::stop_source until;
  const std::stop_callback link(outer, [&] { until.request_stop(); });
  const std::stop_token stop = until.get_token();
  const std::vector<kube::ResourceType> holders = find_holder_types(parts_, settings_);

  FencedApi api(parts_.api);
  HoldKeeper keeper(
      [&](const HoldsUpdate& update) {
        auto answer = parts_.registry.set_holds(settings_.endpoint, update);
        api.close(!answer && answer.error().code == Code::kConflict);
        return answer;
      },
      settings_, generation_at(parts_.clock.now()));
  RegistryContent content(api, parts_.registry, settings_.endpoint, parts_.make_client);
  kube::EventRecorder events(api, parts_.clock, parts_.random, "lamina-controller");
  const Context context{.api = api,
                        .events = events,
                        .content = content,
                        .holds = keeper,
                        .clock = parts_.clock,
                        .settings = settings_};
  Work work(parts_, keeper);
  Roster roster(context, parts_, holders, [&](const ExportOwner& owner) { work.look_at(owner); });
  for (Kind* kind : roster.kinds()) work.add(*kind);
  // Their threads call each other: both end before either goes.
  struct Ending {
    Work& work;
    Roster& roster;
    ~Ending() {
      work.stop();
      roster.stop();
    }
  } const ending{work, roster};

  roster.start();
  if (!work.start(stop) || !roster.wait_for_sync(stop)) return;
  std::vector<std::jthread> threads;
  threads.emplace_back([&](const std::stop_token&) {
    while (!stop.stop_requested()) {
      const bool complete = work.sync_holds();
      work.wait_to_sync(stop, complete ? settings_.resync : kSyncRetry);
      if (holders.size() < settings_.holders.size() &&
          find_holder_types(parts_, settings_).size() > holders.size()) {
        until.request_stop();
      }
    }
  });
  threads.emplace_back([&](const std::stop_token&) {
    follow_registry(
        {.changes = [&](const std::string& since,
                        auto wait) { return parts_.registry.changes(settings_.endpoint, since, wait, stop); },
         .on_change = [&](const RegistryChange& change) { work.registry_changed(change); },
         .on_begin = [&] { work.registry_followed(); },
         .on_return = [&](bool log_lost) { work.registry_returned(log_lost); },
         .pause = [&](std::chrono::milliseconds time) { pause(stop, time); },
         .on_trouble =
             [&](const Error& error) { parts_.log(true, "following the registry: " + error.message); }},
        stop);
  });
  for (std::size_t i = 0; i < settings_.workers; ++i) {
    threads.emplace_back([&](const std::stop_token&) { work.run(stop); });
  }
  parts_.on_ready();
  threads.clear();  // Joins.
}

}  // namespace lamina::controller
