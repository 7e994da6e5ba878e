// SPDX-License-Identifier: Apache-2.0
#include "kube/election.h"

#include <algorithm>
#include <utility>

#include "oci/json.h"
#include "oci/json_writer.h"

namespace lamina::kube {
namespace {

template <class T>
T value_at(const oci::Json& json, std::string_view name) {
  const oci::Json* value = json.find(name);
  const auto* typed = value == nullptr ? nullptr : value->as<T>();
  return typed == nullptr ? T() : *typed;
}

}  // namespace

Result<Lease> parse_lease(const Object& object) {
  LAMINA_ASSIGN(const oci::Json json, oci::parse_json(object.json));
  Lease lease;
  lease.resource_version = object.resource_version;
  const oci::Json* spec = json.find("spec");
  if (spec == nullptr) return lease;
  lease.holder = value_at<std::string>(*spec, "holderIdentity");
  lease.duration = std::chrono::seconds(value_at<std::int64_t>(*spec, "leaseDurationSeconds"));
  lease.acquired = value_at<std::string>(*spec, "acquireTime");
  lease.renewed = value_at<std::string>(*spec, "renewTime");
  lease.transitions = static_cast<std::uint64_t>(value_at<std::int64_t>(*spec, "leaseTransitions"));
  return lease;
}

std::string to_json(const Lease& lease, const ObjectKey& key) {
  oci::JsonWriter json(oci::JsonEscapes::kMinimal);
  json.begin_object();
  json.name("apiVersion").string("coordination.k8s.io/v1").name("kind").string("Lease");
  json.name("metadata").begin_object();
  json.name("namespace").string(key.namespace_name).name("name").string(key.name);
  if (!lease.resource_version.empty()) json.name("resourceVersion").string(lease.resource_version);
  json.end_object();
  json.name("spec").begin_object();
  json.name("holderIdentity").string(lease.holder);
  json.name("leaseDurationSeconds").integer(lease.duration.count());
  json.name("acquireTime").string(lease.acquired);
  json.name("renewTime").string(lease.renewed);
  json.name("leaseTransitions").integer(lease.transitions);
  json.end_object().end_object();
  return json.take();
}

Election::Election(const LeaderOptions& options) : options_(options) {}

void Election::saw(std::optional<Lease> lease, Instant now) {
  knows_ = true;
  const bool same = lease && lease_ && lease->resource_version == lease_->resource_version;
  if (!same) changed_ = now;
  lease_ = std::move(lease);
  if (!lease_ || lease_->holder != options_.identity) leads_until_.reset();
}

std::optional<Lease> Election::claim(Instant now, std::string_view time) {
  Lease claim = lease_.value_or(Lease{});
  if (claim.holder != options_.identity) {
    const auto patience = std::max(options_.lease, std::chrono::milliseconds(claim.duration));
    if (!claim.holder.empty() && now - changed_ < patience) {
      knows_ = false;
      return std::nullopt;
    }
    if (lease_) ++claim.transitions;
    claim.holder = options_.identity;
    claim.acquired = time;
  }
  claim.duration = std::chrono::ceil<std::chrono::seconds>(options_.lease);
  claim.renewed = time;
  return claim;
}

void Election::won(Lease lease, Instant asked) {
  lease_ = std::move(lease);
  leads_until_ = asked + options_.renew_deadline;
}

std::optional<Lease> Election::release(std::string_view time) {
  knows_ = false;
  leads_until_.reset();
  if (!lease_ || lease_->holder != options_.identity) return std::nullopt;
  Lease release = *lease_;
  release.holder.clear();
  release.duration = std::chrono::seconds(1);
  release.renewed = time;
  return release;
}

}  // namespace lamina::kube
