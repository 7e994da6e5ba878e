// SPDX-License-Identifier: Apache-2.0
#include "controller/roster.h"

#include <utility>

#include "controller/oci_artifacts.h"
#include "controller/referrers.h"
#include "controller/snapshots.h"

namespace lamina::controller {

std::vector<kube::ResourceType> find_holder_types(const Parts& parts, const Settings& settings) {
  std::vector<kube::ResourceType> types;
  for (const HolderKind& holder : settings.holders) {
    const std::string name = holder.kind + "." + holder.group;
    if (auto type = parts.api.resolve_type(name)) {
      types.push_back(*std::move(type));
    } else {
      parts.log(true, "holder " + name + " is in doubt: " + type.error().message);
    }
  }
  return types;
}

Roster::Roster(const Context& context, const Parts& parts, const std::vector<kube::ResourceType>& holders,
               std::function<void(const ExportOwner&)> on_export_change)
    : exports_(parts.api, parts.random, std::move(on_export_change)), exporter_(context, exports_) {
  kinds_.push_back(std::make_unique<OciArtifacts>(context, exporter_));
  kinds_.push_back(std::make_unique<Referrers>(context, type_of(ExportKind::kArtifact), read_artifact_url));
  if (context.settings.snapshots != SnapshotMode::kOff) {
    kinds_.push_back(std::make_unique<Snapshots>(context, exporter_));
  }
  for (const kube::ResourceType& holder : holders) {
    kinds_.push_back(std::make_unique<Referrers>(context, holder, read_status));
  }
}

std::vector<Kind*> Roster::kinds() const {
  std::vector<Kind*> all;
  all.reserve(kinds_.size());
  for (const auto& kind : kinds_) all.push_back(kind.get());
  return all;
}

}  // namespace lamina::controller
