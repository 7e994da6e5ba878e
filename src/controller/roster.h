// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "controller/controller.h"
#include "controller/export_cache.h"
#include "controller/exports.h"
#include "controller/kind.h"

namespace lamina::controller {

/// The kinds of the setting `holders`, as the cluster serves them; fewer where it has not all of them, which
/// is logged. What their objects hold is in doubt until then.
std::vector<kube::ResourceType> find_holder_types(const Parts& parts, const Settings& settings);

/// The kinds that the settings ask for, and the exports that they share.
class Roster {
 public:
  /// All outlive it. `on_export_change` as of WatchedExports.
  Roster(const Context& context, const Parts& parts, const std::vector<kube::ResourceType>& holders,
         std::function<void(const ExportOwner&)> on_export_change);

  std::vector<Kind*> kinds() const;
  void start() { exports_.start(); }
  void stop() { exports_.stop(); }
  bool wait_for_sync(const std::stop_token& stop) const { return exports_.wait_for_sync(stop); }

 private:
  WatchedExports exports_;
  Exporter exporter_;
  std::vector<std::unique_ptr<Kind>> kinds_;
};

}  // namespace lamina::controller
