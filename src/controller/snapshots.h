// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/exports.h"
#include "controller/key_set.h"
#include "controller/kind.h"
#include "controller/rereading.h"
#include "controller/snapshot.h"
#include "controller/snapshot_index.h"

namespace lamina::controller {

/// kUnsupported where the cluster's CRD of Snapshots is another product's, and `mode` is kOwn. No obstacle
/// where it has none yet.
Result<void> check_snapshots(kube::Api& api, SnapshotMode mode);

/// Snapshots of ocm-controller v1, in the mode that the settings say. Their content is seen and held before
/// they are called Ready; none is deleted that another Snapshot names.
class Snapshots final : public Kind {
 public:
  /// Both outlive it.
  Snapshots(const Context& context, const Exporter& exporter) : context_(context), exporter_(exporter) {}

  const kube::ResourceType& type() const override { return snapshot_type(); }
  kube::InformerOptions informer_options() const override;
  bool needs_look(const kube::Object& before, const kube::Object& now) const override;
  void note(const kube::ObjectKey& key, const kube::Object* now) override;
  std::optional<std::vector<HeldManifest>> held_by(const kube::Object& object) const override;
  void distrust(const kube::ObjectKey& key) override { rereading_.distrust(key); }
  void distrust_tags() override { compared_.clear(); }
  Outcome reconcile(const kube::ObjectKey& key, const kube::Object* object,
                    const std::stop_token& stop) override;

 private:
  struct Seen {
    SnapshotPlan plan;
    Content content;
    HeldManifest manifest() const;
  };
  /// True where nothing was heard that speaks against what the object says of its content.
  bool is_fresh(const kube::Object& object, const Snapshot& snapshot);
  /// Sees the content and holds it.
  std::expected<Seen, Trouble> examine(const kube::Object& object, const Snapshot& snapshot) const;
  /// Gives up what the namespace has no right to.
  std::optional<Trouble> give_up(const kube::Object& object, const Snapshot& snapshot) const;
  ExportOutcome export_content(const kube::Object& object, const Snapshot& snapshot, const Seen& seen) const;

  Outcome own(const kube::Object& object, const Snapshot& snapshot) const;
  Outcome observe(const kube::Object& object, const Snapshot& snapshot) const;
  Outcome observe_of_toolkit(const kube::Object& object, const Snapshot& snapshot);

  Outcome finalize(const kube::Object& object, const Snapshot& snapshot) const;
  /// Deletes what only this Snapshot names.
  std::optional<Trouble> remove_content(const kube::Object& object, const Snapshot& snapshot) const;
  std::optional<Trouble> remove_manifest(const kube::Object& object,
                                         const SnapshotIndex::Named& content) const;

  bool is_owner() const { return context_.settings.snapshots == SnapshotMode::kOwn; }
  void report(const kube::Object& object, const SnapshotStatus& before, const SnapshotStatus& after) const;

  const Context& context_;
  const Exporter& exporter_;
  Rereading rereading_;
  KeySet compared_;      ///< Of these the tag still names what was verified, as changes are told.
  KeySet failing_;       ///< Of those that have no conditions of ours.
  SnapshotIndex index_;  ///< In mode kOwn.
};

}  // namespace lamina::controller
