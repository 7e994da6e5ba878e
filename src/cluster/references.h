// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lamina/kubernetes.h"
#include "lamina/reference.h"
#include "oci/json.h"

/// What objects say about where an artifact is, read out of their JSON. No input or output: what refers to
/// other objects is returned as such.
namespace lamina::cluster {

/// The object leaves it to a Snapshot in its own namespace (ocm-controller v1).
struct SnapshotName {
  std::string name;  ///< Empty: none was chosen yet.
};

/// monostate: the object has none of the forms; it may own an object that has.
using Statement = std::variant<std::monostate, SnapshotName, ObjectReference>;

/// Of a whole object. kInvalid where a field that a form needs is malformed, with the object and the field;
/// kUnsupported for a digest of an algorithm that is not offered.
Result<Statement> read_reference(const oci::Json& object);

/// The reference that `path` of the object holds, in the form of status.ociArtifact ({repository, digest}) or
/// of status.artifact ({url, digest}); nothing where there is nothing at `path`, kInvalid where it has
/// neither form. Readiness is that of the object.
Result<std::optional<ObjectReference>> read_reference_at(const oci::Json& object, std::string_view path);

/// The artifact that a URL of Lamina's file face names: .../files/<repository>/<digest>/<name>. Nothing for
/// other URLs. The registry of the reference is left empty.
std::optional<Reference> artifact_of_url(std::string_view url);

ObjectId id_of(const oci::Json& object);
/// `Kind.group/namespace/name`, for messages.
std::string describe(const ObjectId& id);

/// The condition Ready. Both texts are empty where there is none.
struct Readiness {
  bool stated = false;
  bool ready = false;
  std::string reason;
  std::string message;
};
Readiness readiness_of(const oci::Json& object);

}  // namespace lamina::cluster
