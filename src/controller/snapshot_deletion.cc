// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "controller/snapshots.h"

/// What becomes of the content of Snapshots that are deleted.
namespace lamina::controller {

Outcome Snapshots::finalize(const kube::Object& object, const Snapshot& snapshot) const {
  if (const auto released = context_.holds.hold(type(), object.key, object.uid, {}); !released) {
    return Outcome::failure("releasing the content: " + released.error().message,
                            released.error().retry_after);
  }
  // Another controller's finalizer is its own affair, and so is what it deletes.
  if (!is_owner() || snapshot.of_toolkit || !snapshot.has_finalizer()) return Outcome::done();

  if (const auto trouble = remove_content(object, snapshot)) {
    context_.events.record(
        type(), object, kube::EventType::kWarning, std::string(row_of(trouble->reason).name),
        "The deletion waits until the registry has deleted the content: " + trouble->message);
    return Outcome::failure("deleting the content: " + trouble->message, trouble->retry_after);
  }
  const auto removed =
      context_.api.patch(type(), object.key, kube::PatchType::kJson, finalizer_removal(snapshot),
                         {.field_manager = std::string(kManager), .metadata_only = true});
  if (removed || removed.error().code == Code::kNotFound) return Outcome::done();
  // Somebody else changed the list: there will be another look at it as it is now.
  return Outcome::failure("removing the finalizer: " + removed.error().message);
}

std::optional<Trouble> Snapshots::remove_content(const kube::Object& object, const Snapshot& snapshot) const {
  // The content is that of the object that this one was exported from, and goes with it.
  if (snapshot.exported) return std::nullopt;
  if (snapshot.manifest &&
      context_.settings.tenancy.allows(object.key.namespace_name, snapshot.manifest->repository)) {
    const auto trouble = remove_manifest(
        object,
        {.manifest = *snapshot.manifest, .tag = snapshot.status.tag, .layer = snapshot.status.digest});
    if (trouble) return trouble;
  }
  if (is_verified(snapshot, object, SnapshotMode::kOwn)) return std::nullopt;

  // What the spec names was not seen yet, or not by us.
  const auto plan = plan_of(snapshot, object, context_.settings);
  if (!plan) return std::nullopt;
  const auto content =
      context_.content.look(plan->reference, plan->expected, nullptr, object.key.namespace_name);
  if (content) {
    return remove_manifest(
        object, {.manifest = {.repository = plan->reference.repository, .digest = content->manifest.digest},
                 .tag = snapshot.tag,
                 .layer = snapshot.digest});
  }
  switch (content.error().reason) {
    case Reason::kArtifactNotFound:
    case Reason::kDigestMismatch:       // The tag was moved to somebody else's content.
    case Reason::kUnsupportedArtifact:  // Likewise: no Snapshot has such content.
      return std::nullopt;
    case Reason::kContentCorrupted: {
      const auto removed = context_.content.remove(plan->reference);
      return removed ? std::nullopt : std::optional(removed.error());
    }
    default: return content.error();
  }
}

std::optional<Trouble> Snapshots::remove_manifest(const kube::Object& object,
                                                  const SnapshotIndex::Named& content) const {
  if (index_.is_named_by_another(object.key, content)) return std::nullopt;
  const auto removed = context_.content.remove({.registry = context_.settings.registry,
                                                .repository = content.manifest.repository,
                                                .tag = {},
                                                .digest = content.manifest.digest});
  return removed ? std::nullopt : std::optional(removed.error());
}

}  // namespace lamina::controller
