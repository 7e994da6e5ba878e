// SPDX-License-Identifier: Apache-2.0
#include "controller/snapshots.h"

#include <algorithm>
#include <map>
#include <utility>

#include "controller/concerns.h"

namespace lamina::controller {
namespace {

constexpr int kMostConflicts = 5;
constexpr std::chrono::milliseconds kConflictPause{50};

/// The value of an annotation in kept JSON, found without reading all of it.
std::string_view annotation_in(std::string_view json, std::string_view name) {
  const std::size_t found = json.find(name);
  if (found == json.npos) return {};
  const std::size_t begin = std::min(json.find(':', found), json.size());
  return json.substr(begin, json.find_first_of(",}", json.find('"', begin + 2)) - begin);
}

bool lost(const kube::Object& before, const kube::Object& now, std::string_view text) {
  return before.json.contains(text) && !now.json.contains(text);
}

kube::WriteOptions writing(std::string subresource = {}) {
  return {.subresource = std::move(subresource), .field_manager = std::string(kManager)};
}

std::vector<std::string> concerns_of(const Snapshot& snapshot, const SnapshotPlan& plan) {
  const std::string& repository = plan.reference.repository.str();
  if (snapshot.of_toolkit) return {Concerns::of_manifest(repository, snapshot.digest)};
  std::vector<std::string> concerns{Concerns::of_tag(repository, snapshot.tag)};
  if (const auto& manifest = snapshot.manifest) {
    concerns.push_back(Concerns::of_manifest(manifest->repository.str(), manifest->digest.to_string()));
  }
  return concerns;
}

Outcome outcome_of(const Trouble& trouble) {
  if (row_of(trouble.reason).stalled) return Outcome::done();
  return Outcome::failure(trouble.message, trouble.retry_after);
}

}  // namespace

Result<void> check_snapshots(kube::Api& api, SnapshotMode mode) {
  if (mode != SnapshotMode::kOwn) return {};
  const kube::ResourceType crds{.group = "apiextensions.k8s.io",
                                .version = "v1",
                                .plural = "customresourcedefinitions",
                                .kind = "CustomResourceDefinition",
                                .namespaced = false};
  const auto crd =
      api.get(crds, {.namespace_name = {}, .name = snapshot_type().plural + "." + snapshot_type().group});
  if (crd) return check_snapshot_schema(crd->json);
  if (crd.error().code == Code::kNotFound) return {};
  return fail(crd.error().code, "reading the CRD of Snapshots: " + crd.error().message);
}

HeldManifest Snapshots::Seen::manifest() const {
  return {.repository = plan.reference.repository, .digest = content.manifest.digest};
}

kube::InformerOptions Snapshots::informer_options() const {
  kube::InformerOptions options;
  options.keep = kept_of_snapshot;
  return options;
}

bool Snapshots::needs_look(const kube::Object& before, const kube::Object& now) const {
  return Kind::needs_look(before, now) ||
         annotation_in(before.json, kExportsAnnotation) != annotation_in(now.json, kExportsAnnotation) ||
         lost(before, now, is_owner() ? kSnapshotFinalizer : condition::kContentVerified) ||
         lost(before, now, kManifestAnnotation);
}

void Snapshots::note(const kube::ObjectKey& key, const kube::Object* now) {
  if (!is_owner()) return;
  if (now == nullptr) {
    index_.erase(key);
  } else {
    index_.put(*now);
  }
}

std::optional<std::vector<HeldManifest>> Snapshots::held_by(const kube::Object& object) const {
  const auto snapshot = read_snapshot(object.json);
  if (!snapshot) return std::nullopt;
  return held_manifests(*snapshot, object, context_.settings);
}

Outcome Snapshots::reconcile(const kube::ObjectKey& key, const kube::Object* object, const std::stop_token&) {
  if (object == nullptr) {
    rereading_.forget(key);
    compared_.erase(key);
    failing_.erase(key);
    const auto released = context_.holds.hold(type(), key, {}, {});
    return released ? Outcome::done() : Outcome::failure(released.error().message);
  }
  const auto snapshot = read_snapshot(object->json);
  if (!snapshot) return Outcome::failure(snapshot.error().message);
  if (object->deleting) return finalize(*object, *snapshot);
  if (snapshot->suspend) return Outcome::done();
  Outcome outcome;
  if (is_fresh(*object, *snapshot)) {
    outcome = Outcome::again(rereading_.left(key, context_.clock.now()));
  } else {
    outcome = snapshot->of_toolkit ? observe_of_toolkit(*object, *snapshot)
              : is_owner()         ? own(*object, *snapshot)
                                   : observe(*object, *snapshot);
    if (!outcome.failed) rereading_.was_read(key, context_.clock.now());
  }
  if (const auto plan = plan_of(*snapshot, *object, context_.settings)) {
    outcome.concerns = concerns_of(*snapshot, *plan);
  }
  return outcome;
}

bool Snapshots::is_fresh(const kube::Object& object, const Snapshot& snapshot) {
  const kube::ObjectKey& key = object.key;
  const bool due = rereading_.is_due(key, snapshot.request, false, context_.clock.now());
  if (due || snapshot.of_toolkit || !snapshot.exports.empty() ||
      !is_verified(snapshot, object, context_.settings.snapshots) ||
      (is_owner() && !snapshot.has_finalizer())) {
    return false;
  }
  if (!compared_.insert(key)) return true;
  const auto plan = plan_of(snapshot, object, context_.settings);
  if (!plan) return false;
  const auto digest = context_.content.resolve(plan->reference);
  return digest && *digest == snapshot.manifest->digest;
}

std::expected<Snapshots::Seen, Trouble> Snapshots::examine(const kube::Object& object,
                                                           const Snapshot& snapshot) const {
  auto plan = plan_of(snapshot, object, context_.settings);
  if (!plan) return std::unexpected(give_up(object, snapshot).value_or(plan.error()));
  auto content = context_.content.look(plan->reference, plan->expected, nullptr, object.key.namespace_name);
  if (!content) return std::unexpected(content.error());
  Seen seen{.plan = *std::move(plan), .content = *std::move(content)};
  if (const auto held = context_.holds.hold(type(), object.key, object.uid, {seen.manifest()}); !held) {
    return std::unexpected(held.error());
  }
  return seen;
}

std::optional<Trouble> Snapshots::give_up(const kube::Object& object, const Snapshot& snapshot) const {
  if (!snapshot.manifest ||
      context_.settings.tenancy.allows(object.key.namespace_name, snapshot.manifest->repository))
    return std::nullopt;
  exporter_.withdraw({type(), object});
  const auto released = context_.holds.hold(type(), object.key, object.uid, {});
  if (!released) return released.error();
  return std::nullopt;
}

ExportOutcome Snapshots::export_content(const kube::Object& object, const Snapshot& snapshot,
                                        const Seen& seen) const {
  return exporter_.sync({type(), object}, snapshot.exports,
                        {.repository = seen.plan.reference.repository,
                         .tag = snapshot.tag,
                         .content = seen.content,
                         .identity = snapshot.identity,
                         .revision = revision_of(snapshot.tag, seen.content.layer.digest),
                         .metadata = seen.content.annotations});
}

Outcome Snapshots::own(const kube::Object& object, const Snapshot& snapshot) const {
  Outcome outcome;
  const auto seen = examine(object, snapshot);
  const std::optional<HeldManifest> manifest = seen ? std::optional(seen->manifest()) : std::nullopt;
  if (const std::string patch = metadata_patch(snapshot, object, true, manifest); !patch.empty()) {
    const auto patched = context_.api.patch(type(), object.key, kube::PatchType::kMerge, patch, writing());
    if (!patched && patched.error().code == Code::kNotFound) return Outcome::done();
    // Somebody else wrote since the cache did: it will see that soon.
    if (!patched && patched.error().code == Code::kConflict) return Outcome::again(kConflictPause);
    if (!patched) return Outcome::failure("adding the finalizer: " + patched.error().message);
    outcome.written = patched->resource_version;
  }

  const UnixTime now = context_.clock.now();
  SnapshotStatus status = seen ? verified_status(snapshot, object, seen->plan, context_.settings, now)
                               : failed_status(snapshot, object, seen.error(), now);
  const ExportOutcome exported = seen ? export_content(object, snapshot, *seen) : ExportOutcome{};
  if (exported.condition) {
    set_condition(status.conditions, *exported.condition);
  } else if (snapshot.exports.empty()) {
    remove_condition(status.conditions, condition::kExported);
  }
  if (!(status == snapshot.status)) {
    kube::WriteOptions options = writing("status");
    options.force = true;
    options.metadata_only = true;
    const auto written = context_.api.patch(type(), object.key, kube::PatchType::kApply,
                                            status_document(object, status), options);
    if (!written && written.error().code == Code::kNotFound) return Outcome::done();
    if (!written) return Outcome::failure("writing the status: " + written.error().message);
    outcome.written = written->resource_version;
    report(object, snapshot.status, status);
  }

  outcome.failed = exported.failed;
  outcome.log = exported.log;
  outcome.after = exported.retry_after;
  if (!seen) {
    const Outcome failure = outcome_of(seen.error());
    outcome.failed = failure.failed;
    outcome.log = failure.log;
    outcome.after = failure.after;
  } else if (!outcome.failed && outcome.after.count() == 0) {
    outcome.after = Rereading::kInterval;
  }
  return outcome;
}

Outcome Snapshots::observe(const kube::Object& object, const Snapshot& snapshot) const {
  Outcome outcome;
  const auto seen = examine(object, snapshot);
  Snapshot current = snapshot;
  std::string version = object.resource_version;
  const auto read_again = [&](const Result<kube::Object>& answer) -> Result<void> {
    if (!answer) return std::unexpected(answer.error());
    LAMINA_ASSIGN(current, read_snapshot(answer->json));
    version = answer->resource_version;
    return {};
  };
  const auto failed = [](const Error& error) {
    if (error.code == Code::kNotFound) return Outcome::done();
    return Outcome::failure("writing the condition: " + error.message);
  };

  if (const std::string patch =
          metadata_patch(snapshot, object, false, seen ? std::optional(seen->manifest()) : std::nullopt);
      !patch.empty()) {
    const auto patched =
        read_again(context_.api.patch(type(), object.key, kube::PatchType::kMerge, patch, writing()));
    if (!patched) return failed(patched.error());
    outcome.written = version;
  }

  // The list of conditions is one field, and ocm-controller's as much as ours: it is written over the version
  // that was read, or read again.
  const Trouble* trouble = seen ? nullptr : &seen.error();
  for (int attempt = 1;; ++attempt) {
    const Conditions conditions = observed_conditions(current, object, trouble, context_.clock.now());
    if (conditions == current.status.conditions) break;
    const auto written = context_.api.patch(type(), object.key, kube::PatchType::kMerge,
                                            conditions_patch(version, conditions), writing("status"));
    if (written) {
      outcome.written = written->resource_version;
      SnapshotStatus after = current.status;
      after.conditions = conditions;
      report(object, current.status, after);
      break;
    }
    if (written.error().code != Code::kConflict || attempt == kMostConflicts) return failed(written.error());
    if (const auto again = read_again(context_.api.get(type(), object.key)); !again)
      return failed(again.error());
  }

  if (!seen) {
    Outcome failure = outcome_of(seen.error());
    failure.written = outcome.written;
    return failure;
  }
  const ExportOutcome exported = export_content(object, snapshot, *seen);
  if (exported.condition && exported.condition->status != "True") {
    context_.events.record(type(), object, kube::EventType::kWarning, exported.condition->reason,
                           exported.condition->message);
  }
  outcome.failed = exported.failed;
  outcome.log = exported.log;
  outcome.after =
      exported.retry_after.count() == 0 && !exported.failed ? Rereading::kInterval : exported.retry_after;
  return outcome;
}

Outcome Snapshots::observe_of_toolkit(const kube::Object& object, const Snapshot& snapshot) {
  const auto seen = examine(object, snapshot);
  if (seen) {
    if (failing_.erase(object.key)) {
      context_.events.record(type(), object, kube::EventType::kNormal,
                             std::string(row_of(Reason::kSucceeded).name),
                             "verified " + seen->plan.reference.to_string());
    }
    return Outcome::again(Rereading::kInterval);
  }
  if (failing_.insert(object.key)) {
    context_.events.record(type(), object, kube::EventType::kWarning,
                           std::string(row_of(seen.error().reason).name), seen.error().message);
  }
  return outcome_of(seen.error());
}

void Snapshots::report(const kube::Object& object, const SnapshotStatus& before,
                       const SnapshotStatus& after) const {
  const auto type_name = is_owner() ? condition::kReady : condition::kContentVerified;
  const Condition* was = find_condition(before.conditions, type_name);
  const Condition* is = find_condition(after.conditions, type_name);
  if (is == nullptr) return;
  const bool good = is->status == "True";
  const bool same = was != nullptr && was->status == is->status && was->reason == is->reason;
  if (same && (!good || before.digest == after.digest)) return;
  std::map<std::string, std::string> annotations;
  if (is_owner() && !after.digest.empty()) {
    annotations.emplace("delivery.ocm.software/snapshot_digest", after.digest);
  }
  std::string message = is->message;
  if (is_owner()) {
    message = good ? "Reconciliation finished, next run in 1h0m0s"
                   : "Reconciliation did not succeed, retrying: " + is->message;
  }
  context_.events.record(type(), object, good ? kube::EventType::kNormal : kube::EventType::kWarning,
                         is->reason, std::move(message), annotations);
}

}  // namespace lamina::controller
