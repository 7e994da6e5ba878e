// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/tenancy.h"

namespace lamina::controller {

enum class SnapshotMode : std::uint8_t {
  kOff,
  kOwn,      ///< Lamina is the Snapshot controller.
  kObserve,  ///< ocm-controller v1 is, and keeps Ready; Lamina verifies and holds.
};

/// A kind whose status holds content (docs/spec/v1alpha1/references.md).
struct HolderKind {
  std::string group;
  std::string kind;
};

/// What a controller is told. Constant while it runs.
struct Settings {
  std::string endpoint;    ///< Lamina's registry: host:port, as the controller reaches it.
  std::string registry;    ///< The same as its clients reach it: what is written into objects.
  bool plain_http = true;  ///< For its clients.
  /// Base of the file face's URLs, without a slash at its end; empty: nothing is exported by URL.
  std::string advertise_url;
  std::string cluster;  ///< UID of the namespace kube-system.
  Tenancy tenancy;
  SnapshotMode snapshots = SnapshotMode::kOff;
  std::vector<HolderKind> holders;
  std::size_t workers = 8;
  std::chrono::milliseconds resync{10 * 60 * 1000};  ///< Between two full comparisons of holds.
};

/// The field manager of everything that the controller writes, and the value of the label
/// app.kubernetes.io/managed-by on what it makes.
inline constexpr std::string_view kManager = "lamina";

}  // namespace lamina::controller
