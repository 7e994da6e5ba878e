// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "controller/conditions.h"
#include "controller/content.h"
#include "controller/exports.h"
#include "controller/settings.h"
#include "kube/object.h"
#include "lamina/client.h"
#include "lamina/identity.h"

/// Snapshot of delivery.ocm.software/v1alpha1 as the controller reads and writes it, and the decisions about
/// it. docs/spec/v1alpha1/snapshot.md says what each field means.
namespace lamina::controller {

const kube::ResourceType& snapshot_type();

/// ocm-controller v1's: who has it on a Snapshot deletes its content.
inline constexpr std::string_view kSnapshotFinalizer = "finalizers.snapshot.ocm.software";
/// The manifest that was verified and is held, as `REPOSITORY@DIGEST`. A Snapshot's own fields have the
/// digest of the layer only, and its repository changes with its identity.
inline constexpr std::string_view kManifestAnnotation = "lamina.dev/manifest";
/// What to export: `KIND` or `KIND/NAME`, with commas between. Snapshots have no field for it.
inline constexpr std::string_view kExportsAnnotation = "lamina.dev/exports";

struct SnapshotStatus {
  std::int64_t observed_generation = 0;  ///< Of the last success.
  Conditions conditions;
  std::string digest;
  std::string tag;
  std::string repository_url;
  bool operator==(const SnapshotStatus&) const = default;
};

struct Snapshot {
  /// Written with the fields of a branch of ocm-k8s-toolkit: `repository`, and `digest` of the manifest. The
  /// status is not Lamina's to write.
  bool of_toolkit = false;
  std::string repository;  ///< Of the toolkit's form only.
  Identity identity;
  std::string digest;
  std::string tag;
  bool suspend = false;
  SnapshotStatus status;
  std::vector<std::string> finalizers;
  std::optional<HeldManifest> manifest;  ///< kManifestAnnotation
  std::vector<Export> exports;
  std::string request;    ///< kRequestAnnotation
  bool exported = false;  ///< By this controller from another object, which looks after the content.

  bool has_finalizer() const;
};

/// Of the API server's JSON, or of what kept_of_snapshot() leaves. kInvalid where it is no JSON object.
Result<Snapshot> read_snapshot(std::string_view json);
/// What a cache needs of a Snapshot, as JSON.
std::string kept_of_snapshot(const kube::Object& object);

/// Where the content of a Snapshot is to be found.
struct SnapshotPlan {
  Reference reference;
  Expected expected;
};
/// kInvalidSpec, or kAccessDenied where the namespace may not name the repository.
std::expected<SnapshotPlan, Trouble> plan_of(const Snapshot& snapshot, const kube::Object& object,
                                             const Settings& settings);

/// What the Snapshot holds by its present state.
std::vector<HeldManifest> held_manifests(const Snapshot& snapshot, const kube::Object& object,
                                         const Settings& settings);

/// True where Ready, or in mode kObserve ContentVerified, is about this very spec.
bool is_verified(const Snapshot& snapshot, const kube::Object& object, SnapshotMode mode);

/// The status of mode kOwn after content was seen, or was not: then what was said of it before stays.
SnapshotStatus verified_status(const Snapshot& snapshot, const kube::Object& object, const SnapshotPlan& plan,
                               const Settings& settings, UnixTime now);
SnapshotStatus failed_status(const Snapshot& snapshot, const kube::Object& object, const Trouble& trouble,
                             UnixTime now);
/// The conditions of mode kObserve: ContentVerified changes, and nothing else. `trouble` null: it was seen.
Conditions observed_conditions(const Snapshot& snapshot, const kube::Object& object, const Trouble* trouble,
                               UnixTime now);

/// The body that applies all of a status.
std::string status_document(const kube::Object& object, const SnapshotStatus& status);
/// Merge patch of the status that writes `conditions` over those of `resource_version`, and no others.
std::string conditions_patch(const std::string& resource_version, const Conditions& conditions);
/// Merge patch of the metadata: the finalizer, where it is missing and wanted, and the manifest, where there
/// is one. Empty where nothing is to be changed.
std::string metadata_patch(const Snapshot& snapshot, const kube::Object& object, bool with_finalizer,
                           const std::optional<HeldManifest>& manifest);
/// JSON patch that takes the finalizer away from where it is; it must be there.
std::string finalizer_removal(const Snapshot& snapshot);

/// `crd` is the CustomResourceDefinition of Snapshots. kUnsupported where its schema is that of the branch of
/// ocm-k8s-toolkit, for which SnapshotMode::kOwn does not work.
Result<void> check_snapshot_schema(std::string_view crd);

}  // namespace lamina::controller
