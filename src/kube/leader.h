// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "kube/api.h"

namespace lamina::kube {

struct LeaderOptions {
  std::string namespace_name;
  std::string lease_name;
  std::string identity;  ///< Unique: `<host>_<random>`.
  std::chrono::milliseconds lease{15'000};
  std::chrono::milliseconds renew_deadline{10'000};
  std::chrono::milliseconds retry{2'000};
  /// Told of each failure to read or write the lease that is tried again.
  std::function<void(const Error&)> on_trouble;
};

/// What holding a lease means.
struct Leadership {
  /// leaseTransitions of the lease when it was taken: grows with each change of leader, so that who was
  /// deposed can be told from who leads.
  std::uint64_t term = 0;
};

/// Leader election by a Lease of coordination.k8s.io/v1, as client-go does it: a lease is expired when its
/// record has not changed for `lease` by our own clock; who cannot renew for `renew_deadline` stops leading
/// before another can begin. Blocks until `stop`: waits to lead, calls `lead` with a stop_token that is
/// requested when the lease is lost or `stop` comes, and waits for it to return; then waits to lead again.
/// The lease is renewed until `lead` has returned, then given back, so that another takes over at once.
/// kInvalid unless `lease` is longer than `renew_deadline`, and that longer than `retry`.
Result<void> lead_when_elected(Api& api, const LeaderOptions& options, const MonotonicClock& clock,
                               const std::function<void(const Leadership&, std::stop_token)>& lead,
                               const std::stop_token& stop);

}  // namespace lamina::kube
