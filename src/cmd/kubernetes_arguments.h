// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cmd/artifact_arguments.h"
#include "cmd/command.h"
#include "cmd/report.h"
#include "lamina/kubernetes.h"

namespace lamina::cmd {

/// How to reach an API server: the settings of section `kubernetes`.
struct KubernetesArguments {
  std::string kubeconfig;
  std::string context;

  void declare(Command& command);
  Result<Cluster> connect() const;
};

/// An object of a cluster that refers to an artifact, in the place of a reference.
struct ObjectArguments {
  KubernetesArguments kubernetes;
  std::optional<ObjectName> name;
  bool unready = false;

  /// --for and the settings; also lets the argument REFERENCE, which the command has already, be
  /// KIND/NAMESPACE/NAME with a capital letter first, which no repository has.
  void declare(Command& command);
  /// --unready, for commands that take the content.
  void declare_unready(Command& command);

  /// kInvalid where the artifact is named in another way, too.
  Result<void> check(const ArtifactArguments& artifact) const;
  /// The reference of the object, which must have been named. kUnavailable where it is not ready, unless
  /// --unready was given.
  Result<ObjectReference> resolve(Cluster& cluster) const;
};

/// True for KIND/NAMESPACE/NAME with a capital letter first, and for what has too few or too many parts of
/// it.
bool looks_like_object(std::string_view text);

// Output of objects and references. `registry` is that of references without one.

/// `Kind.group/namespace/name`
std::string describe(const ObjectId& object);
/// Members apiVersion, kind, namespace, name, uid.
void write_object(oci::JsonWriter& json, std::string_view name, const ObjectId& object);
/// `REGISTRY/REPOSITORY[:TAG][@DIGEST]`, or the URL.
std::string location_of(const ObjectReference& reference, const std::string& registry);
std::string text_of(const ObjectReference& reference, const std::string& registry);
void write_reference(oci::JsonWriter& json, const ObjectReference& reference, const std::string& registry);

/// `KEY=VALUE` each; kInvalid for what is none, or comes twice. `option` is named in messages.
Result<std::map<std::string, std::string>> parse_pairs(std::string_view option,
                                                       const std::vector<std::string>& pairs);

}  // namespace lamina::cmd
