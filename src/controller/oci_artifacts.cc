// SPDX-License-Identifier: Apache-2.0
#include "controller/oci_artifacts.h"

#include <algorithm>
#include <utility>

#include "controller/concerns.h"

namespace lamina::controller {
namespace {

/// The content as the status tells of it.
std::optional<ExportContent> content_of(const OciArtifactSpec& spec, const OciArtifactStatus& status) {
  if (!status.artifact) return std::nullopt;
  auto repository = RepositoryName::parse(status.artifact->repository);
  const auto manifest = Digest::parse(status.artifact->digest);
  const auto layer = Digest::parse(status.artifact->layer_digest);
  if (!repository || !manifest || !layer) return std::nullopt;
  ExportContent content{
      .access = spec.registry ? &*spec.registry : nullptr,
      .repository = *std::move(repository),
      .tag = status.artifact->tag,
      .content = {},
      .identity = spec.identity,
      .revision = revision_of(spec.revision.empty() ? status.artifact->tag : spec.revision, *layer),
      .metadata = spec.metadata,
      .updated = status.last_update};
  content.content.manifest.media_type = status.artifact->media_type;
  content.content.manifest.digest = *manifest;
  content.content.layer.media_type = status.artifact->layer_media_type;
  content.content.layer.digest = *layer;
  content.content.layer.size = static_cast<std::uint64_t>(status.artifact->layer_size);
  return content;
}

/// What an object concerns itself with in Lamina's registry: the tag that it follows, and the manifest that
/// it waits for or stands for.
std::vector<std::string> concerns_of(const OciArtifactSpec& spec, const Plan& plan,
                                     const OciArtifactStatus& status) {
  if (spec.registry) return {};
  const std::string& repository = plan.reference.repository.str();
  std::vector<std::string> names;
  if (plan.reference.digest) {
    names.push_back(Concerns::of_manifest(repository, plan.reference.digest->to_string()));
  } else {
    names.push_back(Concerns::of_tag(repository, to_string(plan.reference.target())));
    if (status.artifact) names.push_back(Concerns::of_manifest(repository, status.artifact->digest));
  }
  return names;
}

std::chrono::milliseconds until(UnixTime when, UnixTime now) {
  return std::max(std::chrono::milliseconds(when - now), std::chrono::milliseconds(1));
}

}  // namespace

std::optional<std::vector<HeldManifest>> OciArtifacts::held_by(const kube::Object& object) const {
  const auto artifact = read_oci_artifact(object.json);
  if (!artifact) return std::nullopt;
  return held_manifests(artifact->spec, artifact->status, object, context_.settings);
}

void OciArtifacts::distrust(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  distrusted_.insert(key);
}

bool OciArtifacts::take_distrust(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  return distrusted_.erase(key) > 0;
}

bool OciArtifacts::has_moved(const kube::ObjectKey& key, const OciArtifact& artifact, const Plan& plan) {
  if (artifact.spec.registry || plan.reference.digest || !compared_.insert(key)) return false;
  const auto digest = context_.content.resolve(plan.reference);
  return !digest || digest->to_string() != artifact.status.artifact->digest;
}

std::optional<Trouble> OciArtifacts::examine(const kube::Object& object, const OciArtifact& artifact,
                                             const Plan& plan, OciArtifactStatus& status) const {
  const RegistryAccess* access = artifact.spec.registry ? &*artifact.spec.registry : nullptr;
  const auto content =
      context_.content.look(plan.reference, plan.expected, access, object.key.namespace_name);
  if (!content) return content.error();
  const UnixTime now = context_.clock.now();
  OciArtifactStatus seen = verified_status(artifact, object, plan, *content, context_.settings, now);
  const auto held = held_manifests(artifact.spec, seen, object, context_.settings);
  // Another registry is not ours to hold content in. What an object held here before that is released.
  if (!held.empty() || artifact.status.artifact) {
    if (const auto answer = context_.holds.hold(type(), object.key, object.uid, held); !answer) {
      return answer.error();
    }
  }
  status = std::move(seen);
  return std::nullopt;
}

ExportOutcome OciArtifacts::export_content(const kube::Object& object, const OciArtifactSpec& spec,
                                           const OciArtifactStatus& status) const {
  const ExportSource source{.type = type(), .object = object};
  const auto content = content_of(spec, status);
  if (!content) return exporter_.withdraw(source);
  return exporter_.sync(source, spec.exports, *content);
}

Result<std::string> OciArtifacts::write_status(const kube::Object& object,
                                               const OciArtifactStatus& status) const {
  LAMINA_ASSIGN(const kube::Object written, context_.api.patch(type(), object.key, kube::PatchType::kApply,
                                                               status_document(type(), object, status),
                                                               {.subresource = "status",
                                                                .field_manager = std::string(kManager),
                                                                .force = true,
                                                                .dry_run = false,
                                                                .strict = true,
                                                                .metadata_only = true}));
  return written.resource_version;
}

void OciArtifacts::report(const kube::Object& object, const OciArtifactStatus& before,
                          const OciArtifactStatus& after) const {
  const Condition* was = find_condition(before.conditions, condition::kReady);
  const Condition* is = find_condition(after.conditions, condition::kReady);
  const bool ready = is != nullptr && is->status == "True";
  const bool was_ready = was != nullptr && was->status == "True";
  if (is == nullptr) return;
  if (!ready) {
    if (was != nullptr && !was_ready && was->reason == is->reason) return;
    context_.events.record(type(), object, kube::EventType::kWarning, is->reason, is->message);
  } else if (was != nullptr && !was_ready) {
    context_.events.record(type(), object, kube::EventType::kNormal, is->reason, is->message);
  } else if (before.artifact && after.artifact && before.artifact->digest != after.artifact->digest) {
    context_.events.record(type(), object, kube::EventType::kNormal, "NewContent", is->message);
  }
}

Outcome OciArtifacts::reconcile(const kube::ObjectKey& key, const kube::Object* object,
                                const std::stop_token&) {
  if (object == nullptr || object->deleting) {
    const auto released = context_.holds.hold(type(), key, object == nullptr ? "" : object->uid, {});
    return released ? Outcome::done() : Outcome::failure(released.error().message);
  }
  const auto artifact = read_oci_artifact(object->json);
  if (!artifact) return Outcome::failure(artifact.error().message);
  if (artifact->spec.suspend) return Outcome::done();

  const UnixTime begun = context_.clock.now();
  OciArtifactStatus status = artifact->status;
  std::optional<Trouble> trouble;
  const auto plan = plan_of(artifact->spec, *object, context_.settings);
  if (!plan) {
    trouble = plan.error();
    const bool denied = trouble->reason == Reason::kAccessDenied;
    if (denied && artifact->status.artifact) {
      const auto released = context_.holds.hold(type(), key, object->uid, {});
      if (!released) return Outcome::failure(released.error().message);
    }
  } else if (take_distrust(key) || !is_fresh(*artifact, *object, context_.settings, begun) ||
             has_moved(key, *artifact, *plan)) {
    trouble = examine(*object, *artifact, *plan, status);
  } else if (const auto before = status.history.size();
             prune_history(status.history, artifact->spec.retention, begun),
             status.history.size() != before) {
    const auto held = held_manifests(artifact->spec, status, *object, context_.settings);
    if (const auto answer = context_.holds.hold(type(), key, object->uid, held); !answer)
      trouble = answer.error();
  }
  const UnixTime now = context_.clock.now();
  if (trouble) status = failed_status(*artifact, *object, *trouble, now);
  say_in_doubt(status, in_doubt_, object->generation, now);
  const ExportOutcome exported = export_content(*object, artifact->spec, status);
  if (exported.condition) {
    set_condition(status.conditions, *exported.condition);
  } else {
    remove_condition(status.conditions, condition::kExported);
  }

  Outcome outcome;
  if (plan) outcome.concerns = concerns_of(artifact->spec, *plan, status);
  if (!(status == artifact->status)) {
    const auto written = write_status(*object, status);
    // Whoever is gone needs no status; its deletion comes as an event.
    if (!written && written.error().code == Code::kNotFound) return Outcome::done();
    if (!written) return Outcome::failure("writing the status: " + written.error().message);
    outcome.written = *written;
    report(*object, artifact->status, status);
  }
  if (trouble && !row_of(trouble->reason).stalled) {
    outcome.failed = true;
    outcome.log = trouble->message;
    outcome.after = trouble->retry_after;
    return outcome;
  }
  if (!exported.log.empty()) {
    outcome.failed = true;
    outcome.log = exported.log;
    outcome.after = exported.retry_after;
    return outcome;
  }
  if (!trouble) {
    outcome.after = until(next_look(artifact->spec, status, now), now);
  } else if (plan && artifact->spec.registry) {
    outcome.after = artifact->spec.interval;  // Nobody tells when another registry has something else.
  }
  if (exported.retry_after.count() > 0) {
    outcome.after =
        outcome.after.count() > 0 ? std::min(outcome.after, exported.retry_after) : exported.retry_after;
  }
  return outcome;
}

}  // namespace lamina::controller
