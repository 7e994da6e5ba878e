// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "controller/exports.h"
#include "controller/key_set.h"
#include "controller/kind.h"
#include "controller/oci_artifact.h"
#include "controller/oci_artifact_state.h"

namespace lamina::controller {

/// OCIArtifacts: their content is seen, held, exported, and told of in the status, in this order, so that
/// nobody is pointed to what may go. One write to the API for each change that there is to tell.
class OciArtifacts final : public Kind {
 public:
  /// Both outlive it.
  OciArtifacts(const Context& context, const Exporter& exporter) : context_(context), exporter_(exporter) {}

  const kube::ResourceType& type() const override { return oci_artifact_type(); }
  std::optional<std::vector<HeldManifest>> held_by(const kube::Object& object) const override;
  Outcome reconcile(const kube::ObjectKey& key, const kube::Object* object,
                    const std::stop_token& stop) override;

  bool set_in_doubt(std::uint64_t holds) override { return in_doubt_.exchange(holds) != holds; }
  void distrust(const kube::ObjectKey& key) override;
  void distrust_tags() override { compared_.clear(); }

 private:
  bool take_distrust(const kube::ObjectKey& key);
  /// Whether the tag names another manifest than the status; finds out once, as changes are told.
  bool has_moved(const kube::ObjectKey& key, const OciArtifact& artifact, const Plan& plan);
  /// Sees and holds the content; the status tells of it, or of why not.
  std::optional<Trouble> examine(const kube::Object& object, const OciArtifact& artifact, const Plan& plan,
                                 OciArtifactStatus& status) const;
  ExportOutcome export_content(const kube::Object& object, const OciArtifactSpec& spec,
                               const OciArtifactStatus& status) const;
  Result<std::string> write_status(const kube::Object& object, const OciArtifactStatus& status) const;
  void report(const kube::Object& object, const OciArtifactStatus& before,
              const OciArtifactStatus& after) const;

  const Context& context_;
  const Exporter& exporter_;
  std::atomic<std::uint64_t> in_doubt_ = 0;
  KeySet compared_;
  std::mutex mutex_;
  std::unordered_set<kube::ObjectKey, kube::ObjectKeyHash> distrusted_;  ///< Guarded by mutex_.
};

}  // namespace lamina::controller
