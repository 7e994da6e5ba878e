// SPDX-License-Identifier: Apache-2.0
#include "controller/exports.h"

#include <algorithm>
#include <set>
#include <utility>

namespace lamina::controller {
namespace {

/// What only a person changes is looked at again now and then, as nothing tells of it.
constexpr std::chrono::minutes kSlowly{5};

kube::WriteOptions applying(std::string subresource, bool force) {
  return {.subresource = std::move(subresource),
          .field_manager = std::string(kManager),
          .force = force,
          .metadata_only = true};
}

ExportTrouble failed(const std::string& what, const Error& error, ExportOutcome& outcome) {
  if (error.code == Code::kInvalid || error.code == Code::kDenied) {
    outcome.retry_after = kSlowly;
  } else {
    outcome.failed = true;
  }
  outcome.log = what + ": " + error.message;
  return {"ExportFailed", error.message};
}

ExportTrouble conflict(const ExportState& state) {
  const std::string whose =
      state.owner_uid.empty() ? "nobody's" : state.owner_kind + " " + state.owner_name + "'s";
  return {"ExportConflict", "there is one that is " + whose +
                                ", which is left alone: delete it, or export under "
                                "another name"};
}

std::string not_installed(ExportKind kind) {
  const kube::ResourceType& type = type_of(kind);
  std::string message =
      "the cluster has no " + type.plural + "." + type.group + "/" + type.version + ": install ";
  switch (kind) {
    case ExportKind::kExternalArtifact: return message + "Flux 2.7 or later";
    case ExportKind::kOciRepository: return message + "Flux 2.6 or later";
    case ExportKind::kArtifact: return message + "the CRD of openfluxcd";
    case ExportKind::kSnapshot: return message + "the CRD of ocm-controller v1";
  }
  std::unreachable();
}

}  // namespace

ExportOutcome Exporter::sync(const ExportSource& source, std::span<const Export> wanted,
                             const ExportContent& content) const {
  ExportOutcome outcome;
  std::set<std::pair<ExportKind, std::string>> kept;
  std::optional<ExportTrouble> first;
  for (const Export& entry : wanted) {
    std::optional<ExportTrouble> trouble;
    std::string name = entry.name;
    if (const auto kind = parse_export_kind(entry.kind); !kind) {
      trouble = {"ExportFailed", "expected ExternalArtifact, OCIRepository, Artifact or Snapshot"};
    } else if (trouble = why_not(*kind, content, context_.settings); !trouble) {
      if (name.empty()) name = default_name(*kind, source);
      const bool second = *kind == ExportKind::kArtifact &&
                          std::ranges::any_of(kept, [&](const auto& other) { return other.first == *kind; });
      if (second) {
        trouble = {"ExportConflict",
                   "consumers find an Artifact by its owner, and take none if there are two"};
      } else {
        kept.emplace(*kind, name);
        trouble = write(*kind, name, source, content, outcome);
      }
    }
    if (!trouble) continue;
    const std::string message = entry.kind + (name.empty() ? "" : " " + name) + ": " + trouble->message;
    if (first) {
      first->message += "; " + message;
    } else {
      first = {trouble->reason, message};
    }
  }
  for (const ExportCache::Owned& owned : cache_.owned_by(source.object.uid)) {
    if (!kept.contains({owned.kind, owned.key.name})) remove(owned, outcome);
  }
  if (wanted.empty()) return outcome;
  outcome.condition = {.type = std::string(condition::kExported),
                       .status = first ? "False" : "True",
                       .reason = first ? first->reason : std::string(row_of(Reason::kSucceeded).name),
                       .message = first ? first->message : "exported " + content.revision,
                       .since = context_.clock.now(),
                       .observed_generation = source.object.generation};
  return outcome;
}

ExportOutcome Exporter::withdraw(const ExportSource& source) const {
  ExportOutcome outcome;
  for (const ExportCache::Owned& owned : cache_.owned_by(source.object.uid)) remove(owned, outcome);
  return outcome;
}

std::optional<ExportTrouble> Exporter::unavailable(ExportKind kind, ExportOutcome& outcome) const {
  const ExportCache::Status status = cache_.status(kind);
  switch (status.availability) {
    case ExportCache::Availability::kReady: return std::nullopt;
    case ExportCache::Availability::kNotInstalled:
      outcome.retry_after = kSlowly;
      return ExportTrouble{"KindNotInstalled", not_installed(kind)};
    case ExportCache::Availability::kLoading:
    case ExportCache::Availability::kFailing: break;
  }
  outcome.failed = true;
  outcome.log = "objects of kind " + type_of(kind).kind + " cannot be listed: " + status.message;
  return ExportTrouble{"ExportFailed", outcome.log};
}

Result<std::optional<ExportState>> Exporter::state_of(ExportKind kind, const kube::ObjectKey& key) const {
  if (auto known = cache_.find(kind, key)) return known;
  // There may be one all the same: somebody else's, ours without its label, or made just now.
  const auto found = context_.api.get(type_of(kind), key);
  if (found) return export_state(kind, found->json);
  if (found.error().code == Code::kNotFound) return std::nullopt;
  return std::unexpected(found.error());
}

std::optional<ExportTrouble> Exporter::write(ExportKind kind, const std::string& name,
                                             const ExportSource& source, const ExportContent& content,
                                             ExportOutcome& outcome) const {
  if (auto trouble = unavailable(kind, outcome)) return trouble;
  const kube::ResourceType& type = type_of(kind);
  const kube::ObjectKey key{.namespace_name = source.object.key.namespace_name, .name = name};
  const std::string what = type.kind + " " + key.to_string();
  const auto state = state_of(kind, key);
  if (!state) return failed(what, state.error(), outcome);
  const ExportState before = state->value_or(ExportState{});
  if (*state && before.owner_uid != source.object.uid) {
    outcome.retry_after = kSlowly;
    return conflict(before);
  }

  const UnixTime now = context_.clock.now();
  ExportContent said = content;
  if (said.updated == UnixTime{}) {
    const bool same =
        before.digest == content.content.layer.digest.to_string() && before.updated != UnixTime{};
    said.updated = same ? before.updated : now;
  }
  std::int64_t generation = before.generation;
  if (const std::string document = export_document(kind, name, source, said, context_.settings);
      before.main != export_state(kind, document).main) {
    // What somebody has made since we looked is not taken over.
    const auto applied =
        context_.api.patch(type, key, kube::PatchType::kApply, document, applying({}, state->has_value()));
    if (!applied) return failed(what, applied.error(), outcome);
    generation = applied->generation;
  }
  if (!has_status(kind)) return std::nullopt;
  const std::string document =
      export_status_document(kind, name, source, said, context_.settings, generation,
                             before.ready_since == UnixTime{} ? now : before.ready_since);
  if (before.updated == said.updated && before.status == export_state(kind, document).status) {
    return std::nullopt;
  }
  const auto applied =
      context_.api.patch(type, key, kube::PatchType::kApply, document, applying("status", true));
  if (!applied) return failed(what, applied.error(), outcome);
  return std::nullopt;
}

void Exporter::remove(const ExportCache::Owned& owned, ExportOutcome& outcome) const {
  const auto removed = context_.api.remove(type_of(owned.kind), owned.key, {.uid = owned.uid});
  if (removed || removed.error().code == Code::kNotFound || removed.error().code == Code::kConflict) return;
  outcome.failed = true;
  outcome.log = type_of(owned.kind).kind + " " + owned.key.to_string() + ": " + removed.error().message;
}

}  // namespace lamina::controller
