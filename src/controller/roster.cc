// SPDX-License-Identifier: Apache-2.0
#include "controller/roster.h"

#include <utility>

#include "controller/oci_artifacts.h"

namespace lamina::controller {

Roster::Roster(const Context& context, const Parts& parts,
               std::function<void(const ExportOwner&)> on_export_change)
    : exports_(parts.api, parts.random, std::move(on_export_change)), exporter_(context, exports_) {
  kinds_.push_back(std::make_unique<OciArtifacts>(context, exporter_));
}

std::vector<Kind*> Roster::kinds() const {
  std::vector<Kind*> all;
  for (const auto& kind : kinds_) all.push_back(kind.get());
  return all;
}

}  // namespace lamina::controller
