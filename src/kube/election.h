// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "kube/leader.h"
#include "kube/object.h"
#include "lamina/result.h"

namespace lamina::kube {

/// A Lease of coordination.k8s.io/v1. Its times are for people to read: nobody decides by them.
struct Lease {
  std::string holder;  ///< Empty: given back.
  std::chrono::seconds duration{};
  std::string acquired;  ///< MicroTime
  std::string renewed;   ///< MicroTime
  std::uint64_t transitions = 0;
  std::string resource_version;  ///< Empty: does not exist yet.
};

Result<Lease> parse_lease(const Object& object);
std::string to_json(const Lease& lease, const ObjectKey& key);

/// How one candidate decides whether it leads. Pure: reads and writes the lease through its owner, who tells
/// what came of it and when by the candidate's own monotonic clock. Safe as long as clocks go at one rate:
/// who leads counts from when it asked for the last write that succeeded, others from when they saw that
/// write. Not thread-safe.
class Election {
 public:
  explicit Election(const LeaderOptions& options);

  /// The lease has to be read before a claim.
  bool must_read() const { return !knows_; }
  /// What a read has shown; nothing where there is no lease.
  void saw(std::optional<Lease> lease, Instant now);
  /// What to write, on the condition that the lease still has the resource version, in order to lead or to
  /// lead longer; nothing while another has the lease. `time` is MicroTime.
  std::optional<Lease> claim(Instant now, std::string_view time);
  /// A claim that was begun at `asked` has been written, and is stored as `lease`.
  void won(Lease lease, Instant asked);
  /// A claim has not been written, as far as is known.
  void lost() { knows_ = false; }

  /// When leadership ends unless it is renewed; nothing where this candidate does not hold the lease.
  std::optional<Instant> leads_until() const { return leads_until_; }
  bool leads(Instant now) const { return leads_until_ && now < *leads_until_; }
  std::uint64_t term() const { return lease_ ? lease_->transitions : 0; }
  /// What to write in order to give the lease back; nothing where another has it. This candidate leads no
  /// more.
  std::optional<Lease> release(std::string_view time);

 private:
  LeaderOptions options_;
  bool knows_ = false;
  std::optional<Lease> lease_;
  Instant changed_;  // When lease_ was first seen like this.
  std::optional<Instant> leads_until_;
};

}  // namespace lamina::kube
