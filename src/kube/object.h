// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lamina/result.h"
#include "oci/json.h"

namespace lamina::kube {

/// One kind as the API serves it.
struct ResourceType {
  std::string group;  ///< Empty for the core group.
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;

  /// `group/version`, or `v1` for the core group: the apiVersion of its objects.
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  bool operator==(const ResourceType&) const = default;
};

/// Names an object of a known type.
struct ObjectKey {
  std::string namespace_name;  ///< Empty for cluster-scoped objects.
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
  /// `namespace/name`, or `name`.
  std::string to_string() const { return namespace_name.empty() ? name : namespace_name + "/" + name; }
};

struct ObjectKeyHash {
  std::size_t operator()(const ObjectKey& key) const {
    return std::hash<std::string>{}(key.namespace_name) * 31 + std::hash<std::string>{}(key.name);
  }
};

/// An object as it was read: the metadata that every client needs, and all of it as JSON.
struct Object {
  ObjectKey key;
  std::string uid;
  std::string resource_version;  ///< Opaque: compared for equality only.
  std::int64_t generation = 0;
  bool deleting = false;  ///< Has a deletionTimestamp.
  std::string json;       ///< Compact, without metadata.managedFields.
};

/// Reads an object. kInvalid where it has no metadata.name.
Result<Object> parse_object(std::string_view json);
/// The same of a part of a larger document, such as an item of a list.
Result<Object> object_of(const oci::Json& json);

/// `json` as compact text, in the order of its members.
std::string to_text(const oci::Json& json);

}  // namespace lamina::kube
