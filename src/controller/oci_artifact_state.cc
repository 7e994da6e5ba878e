// SPDX-License-Identifier: Apache-2.0
#include "controller/oci_artifact_state.h"

#include <algorithm>
#include <utility>

#include "lamina/identity.h"

namespace lamina::controller {
namespace {

constexpr std::size_t kMostHistory = 200;

std::unexpected<Trouble> invalid(std::string message) {
  return std::unexpected(
      Trouble{.reason = Reason::kInvalidSpec, .message = std::move(message), .retry_after = {}});
}

std::unexpected<Trouble> invalid(std::string_view field, const Error& error) {
  return invalid("spec." + std::string(field) + ": " + error.message);
}

Result<RepositoryName> repository_of(const OciArtifactSpec& spec, const kube::Object& object) {
  if (!spec.repository.empty()) return RepositoryName::parse(spec.repository);
  NamingScheme scheme = NamingScheme::kLamina;
  if (!spec.scheme.empty()) {
    LAMINA_ASSIGN(scheme, parse_naming_scheme(spec.scheme));
  }
  const std::string_view tenant =
      scheme == NamingScheme::kLamina ? object.key.namespace_name : std::string_view{};
  return lamina::repository_of(spec.identity, scheme, tenant);
}

void set_ready(OciArtifactStatus& status, bool ready, std::string_view reason, std::string message,
               std::int64_t generation, UnixTime now) {
  set_condition(status.conditions, {.type = std::string(condition::kReady),
                                    .status = ready ? "True" : "False",
                                    .reason = std::string(reason),
                                    .message = std::move(message),
                                    .since = now,
                                    .observed_generation = generation});
}

}  // namespace

std::expected<Plan, Trouble> plan_of(const OciArtifactSpec& spec, const kube::Object& object,
                                     const Settings& settings) {
  if (spec.identity.empty() && spec.repository.empty()) {
    return invalid("expected spec.identity or spec.repository, found neither");
  }
  auto repository = repository_of(spec, object);
  if (!repository) return invalid(spec.repository.empty() ? "identity" : "repository", repository.error());
  if (!spec.registry && !settings.tenancy.allows(object.key.namespace_name, *repository)) {
    return std::unexpected(Trouble{.reason = Reason::kAccessDenied,
                                   .message = "objects of namespace " + object.key.namespace_name +
                                              " may not name repository " + repository->str() +
                                              ": expected one below " + object.key.namespace_name +
                                              "/, or a rule that allows it (--allow-repository)",
                                   .retry_after = {}});
  }
  Plan plan{.reference = {.registry = spec.registry ? spec.registry->host : settings.registry,
                          .repository = *std::move(repository),
                          .tag = {},
                          .digest = {}},
            .expected = {}};
  if (!spec.tag.empty()) {
    auto tag = Tag::parse(spec.tag);
    if (!tag) return invalid("tag", tag.error());
    plan.reference.tag = *std::move(tag);
  }
  if (!spec.digest.empty()) {
    auto digest = Digest::parse(spec.digest);
    if (!digest) return invalid("digest", digest.error());
    plan.reference.digest = *digest;
  }
  if (!spec.layer_digest.empty()) {
    auto digest = Digest::parse(spec.layer_digest);
    if (!digest) return invalid("layer.digest", digest.error());
    plan.expected.layer_digest = *digest;
  }
  if (spec.layer_size > 0) plan.expected.layer_size = static_cast<std::uint64_t>(spec.layer_size);
  plan.expected.layer_media_type = spec.layer_media_type;
  return plan;
}

/// An address that was made with another base is made anew.
bool is_current(const std::string& url, const OciArtifactSpec& spec, const Settings& settings) {
  if (spec.registry || settings.advertise_url.empty()) return url.empty();
  return url.starts_with(settings.advertise_url + "/files/");
}

bool is_fresh(const OciArtifact& artifact, const kube::Object& object, const Settings& settings,
              UnixTime now) {
  const OciArtifactStatus& status = artifact.status;
  return status.observed_generation == object.generation && status.artifact &&
         is_true(status.conditions, condition::kReady) && artifact.request == status.last_handled_request &&
         status.last_verified + artifact.spec.interval > now && status.last_verified <= now &&
         is_current(status.url, artifact.spec, settings);
}

void prune_history(std::vector<FormerArtifact>& history, const Retention& retention, UnixTime now) {
  std::size_t index = 0;
  std::erase_if(history, [&](const FormerArtifact& former) {
    return index++ >= retention.keep_last && former.replaced + retention.ttl <= now;
  });
  // The schema has a limit; a status beyond it would be refused, and with it all that it says.
  if (history.size() > kMostHistory) history.resize(kMostHistory);
}

OciArtifactStatus verified_status(const OciArtifact& artifact, const kube::Object& object, const Plan& plan,
                                  const Content& content, const Settings& settings, UnixTime now) {
  const OciArtifactSpec& spec = artifact.spec;
  OciArtifactStatus status = artifact.status;
  ArtifactStatus seen{.registry = plan.reference.registry,
                      .repository = plan.reference.repository.str(),
                      .tag = plan.reference.tag ? plan.reference.tag->str() : "",
                      .digest = content.manifest.digest.to_string(),
                      .media_type = content.manifest.media_type,
                      .layer_digest = content.layer.digest.to_string(),
                      .layer_size = static_cast<std::int64_t>(content.layer.size),
                      .layer_media_type = content.layer.media_type,
                      .revision = spec.revision};
  if (status.artifact &&
      (status.artifact->digest != seen.digest || status.artifact->repository != seen.repository)) {
    status.history.insert(status.history.begin(), {.repository = status.artifact->repository,
                                                   .digest = status.artifact->digest,
                                                   .layer_digest = status.artifact->layer_digest,
                                                   .replaced = now});
  }
  // What came back is no longer history.
  std::erase_if(status.history, [&](const FormerArtifact& former) {
    return former.digest == seen.digest && former.repository == seen.repository;
  });
  prune_history(status.history, spec.retention, now);
  if (!status.artifact || *status.artifact != seen || status.last_update == UnixTime{})
    status.last_update = now;
  // Without annotations, as exports are made from the status: both have one address.
  Content plain = content;
  plain.layer.annotations.clear();
  status.url = spec.registry ? std::string() : file_url(settings, plan.reference.repository, plain);
  const std::string message = "verified " + seen.repository + "@" + seen.digest + ", layer of " +
                              std::to_string(seen.layer_size) + " bytes";
  status.artifact = std::move(seen);
  status.last_verified = now;
  status.observed_generation = object.generation;
  status.last_handled_request = artifact.request;
  remove_condition(status.conditions, condition::kReconciling);
  remove_condition(status.conditions, condition::kStalled);
  set_ready(status, true, row_of(Reason::kSucceeded).name, message, object.generation, now);
  return status;
}

OciArtifactStatus failed_status(const OciArtifact& artifact, const kube::Object& object,
                                const Trouble& trouble, UnixTime now) {
  OciArtifactStatus status = artifact.status;
  const ReasonRow& row = row_of(trouble.reason);
  std::string message = steady_message(status.conditions, condition::kReady, row.name, trouble.message);
  status.observed_generation = object.generation;
  status.last_handled_request = artifact.request;
  if (trouble.reason == Reason::kAccessDenied && row.stalled) {
    status.artifact.reset();
    status.history.clear();
    status.url.clear();
  }
  remove_condition(status.conditions, row.stalled ? condition::kReconciling : condition::kStalled);
  set_condition(status.conditions,
                {.type = std::string(row.stalled ? condition::kStalled : condition::kReconciling),
                 .status = "True",
                 .reason = std::string(row.stalled ? row.name : "ProgressingWithRetry"),
                 .message = message,
                 .since = now,
                 .observed_generation = object.generation});
  set_ready(status, false, row.name, std::move(message), object.generation, now);
  return status;
}

void say_in_doubt(OciArtifactStatus& status, std::uint64_t holds, std::int64_t generation, UnixTime now) {
  if (holds == 0) {
    remove_condition(status.conditions, condition::kHoldsInDoubt);
    return;
  }
  set_condition(
      status.conditions,
      {.type = std::string(condition::kHoldsInDoubt),
       .status = "True",
       .reason = "HoldersMissing",
       .message = "the registry holds content for OCIArtifacts that this cluster does not have, too many "
                  "to have been deleted one by one; nothing is released: see `lamina holders ls`, then "
                  "`lamina holders release` or `lamina holders adopt`",
       .since = now,
       .observed_generation = generation});
}

UnixTime next_look(const OciArtifactSpec& spec, const OciArtifactStatus& status, UnixTime now) {
  using std::chrono::ceil;
  using std::chrono::seconds;
  UnixTime next = status.last_verified + ceil<seconds>(spec.interval);
  for (std::size_t index = spec.retention.keep_last; index < status.history.size(); ++index) {
    next = std::min(next, status.history[index].replaced + ceil<seconds>(spec.retention.ttl));
  }
  return std::max(next, now);
}

std::vector<HeldManifest> held_manifests(const OciArtifactSpec& spec, const OciArtifactStatus& status,
                                         const kube::Object& object, const Settings& settings) {
  std::vector<HeldManifest> held;
  if (spec.registry) return held;
  // Whoever may write the status may not hold what the namespace may not read.
  const auto add = [&](const std::string& repository, const std::string& digest) {
    auto name = RepositoryName::parse(repository);
    auto parsed = Digest::parse(digest);
    if (!name || !parsed || !settings.tenancy.allows(object.key.namespace_name, *name)) return;
    held.push_back({.repository = *std::move(name), .digest = *parsed});
  };
  if (status.artifact) add(status.artifact->repository, status.artifact->digest);
  for (const FormerArtifact& former : status.history) add(former.repository, former.digest);
  return held;
}

}  // namespace lamina::controller
