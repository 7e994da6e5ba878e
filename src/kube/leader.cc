// SPDX-License-Identifier: Apache-2.0
#include "kube/leader.h"

#include <thread>
#include <utility>

#include "kube/deadline.h"
#include "kube/election.h"
#include "kube/time.h"

namespace lamina::kube {
namespace {

/// Only for people who look at the lease; and each renewal has to change it, for others to see.
std::string now_for_people() {
  return format_micro_time(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

/// Reads and writes the lease for an Election.
class Candidate {
 public:
  Candidate(Api& api, const LeaderOptions& options, const MonotonicClock& clock)
      : api_(api),
        options_(options),
        clock_(clock),
        key_{options.namespace_name, options.lease_name},
        election_(options) {}

  /// Takes or renews the lease where that can be done now.
  void run_for_it() {
    if (Result<void> result = try_once(); !result && options_.on_trouble) options_.on_trouble(result.error());
  }

  bool leads() const { return election_.leads(clock_.now()); }

  /// Calls `lead`, and renews the lease until it has returned.
  void lead(const std::function<void(const Leadership&, std::stop_token)>& lead,
            const std::stop_token& stop) {
    const Leadership leadership{election_.term()};
    Deadline deadline(clock_, *election_.leads_until(), stop);
    {
      const std::jthread renewer([&](const std::stop_token& returned) {
        while (pause(options_.retry, returned)) {
          run_for_it();
          deadline.move_to(election_.leads_until().value_or(clock_.now()));
        }
      });
      lead(leadership, deadline.token());
    }
    give_back();
  }

 private:
  Result<void> try_once() {
    if (election_.must_read()) {
      Result<Object> object = api_.get(type_, key_);
      if (!object && object.error().code != Code::kNotFound)
        return std::unexpected(std::move(object).error());
      std::optional<Lease> lease;
      if (object) {
        LAMINA_ASSIGN(lease, parse_lease(*object));
      }
      election_.saw(std::move(lease), clock_.now());
    }
    const Instant asked = clock_.now();
    const std::optional<Lease> claim = election_.claim(asked, now_for_people());
    if (!claim) return {};
    Result<Lease> stored = write(*claim);
    if (stored) {
      election_.won(*std::move(stored), asked);
      return {};
    }
    election_.lost();
    if (stored.error().code == Code::kConflict) return {};  // Another candidate was first.
    return std::unexpected(std::move(stored).error());
  }

  Result<Lease> write(const Lease& lease) {
    const std::string json = to_json(lease, key_);
    LAMINA_ASSIGN(const Object object, lease.resource_version.empty()
                                           ? api_.create(type_, key_.namespace_name, json)
                                           : api_.update(type_, key_, json));
    return parse_lease(object);
  }

  void give_back() {
    // Where the write fails, the lease has passed to another already, or will once it has expired.
    if (const auto release = election_.release(now_for_people())) static_cast<void>(write(*release));
  }

  const ResourceType type_{"coordination.k8s.io", "v1", "leases", "Lease"};
  Api& api_;
  const LeaderOptions& options_;
  const MonotonicClock& clock_;
  const ObjectKey key_;
  Election election_;
};

}  // namespace

Result<void> lead_when_elected(Api& api, const LeaderOptions& options, const MonotonicClock& clock,
                               const std::function<void(const Leadership&, std::stop_token)>& lead,
                               const std::stop_token& stop) {
  if (options.lease <= options.renew_deadline || options.renew_deadline <= options.retry) {
    return fail(Code::kInvalid,
                "leader election: expected a lease that is longer than the time in which it must be renewed, "
                "and that longer than the time between tries");
  }
  Candidate candidate(api, options, clock);
  while (!stop.stop_requested()) {
    candidate.run_for_it();
    if (candidate.leads()) candidate.lead(lead, stop);
    pause(options.retry, stop);
  }
  return {};
}

}  // namespace lamina::kube
