// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "lamina/digest.h"
#include "lamina/reference.h"
#include "lamina/result.h"

namespace lamina::store {

/// The objects of one kind in one cluster: what one controller lists at once.
struct Scope {
  std::string cluster;  ///< UID of the cluster's namespace kube-system.
  std::string group;    ///< Of the API; empty: the core group.
  std::string kind;

  friend auto operator<=>(const Scope&, const Scope&) = default;
};

/// An object that holds manifests.
struct Holder {
  Scope scope;
  std::string namespace_name;  ///< Empty: the object has none.
  std::string name;

  friend auto operator<=>(const Holder&, const Holder&) = default;
};

/// kInvalid unless every part is at most 253 printable ASCII characters without `/`, and cluster, kind and
/// name are not empty.
Result<void> validate(const Scope& scope);
Result<void> validate(const Holder& holder);
/// The UID of an object, which may be unknown: the same, but may be empty.
Result<void> validate_uid(const std::string& uid);

/// `<cluster>/<group>/<kind>/<namespace>/<name>`
std::string to_string(const Holder& holder);
Result<Holder> parse_holder(std::string_view text);

/// A manifest as the object of holds.
struct HeldManifest {
  RepositoryName repository;
  Digest digest;

  friend auto operator<=>(const HeldManifest&, const HeldManifest&) = default;
};

}  // namespace lamina::store
