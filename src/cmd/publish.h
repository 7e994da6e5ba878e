// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/artifact_arguments.h"
#include "cmd/command.h"
#include "cmd/kubernetes_arguments.h"
#include "cmd/pack_arguments.h"
#include "cmd/remote_arguments.h"
#include "lamina/kubernetes.h"

namespace lamina::cmd {

struct PublishArguments {
  RemoteArguments remote;
  KubernetesArguments kubernetes;
  std::string path;
  std::optional<Reference> reference;
  std::string as;  ///< NAMESPACE/NAME
  std::optional<ObjectName> status_of;
  StatusForm form = StatusForm::kAuto;

  IdentityArguments identity;
  std::vector<Tag> tags;
  Profile profile = Profile::kArtifact;
  std::string media_type, artifact_type;
  std::vector<std::string> annotations;
  PackArguments pack;
  std::optional<std::chrono::seconds> ttl;

  std::string revision;
  std::vector<std::string> metadata;
  std::string field_manager = "lamina-publish";
  bool force = false;

  std::string owner;  ///< KIND/NAME
  std::optional<std::chrono::seconds> retention_ttl, interval;
  std::optional<std::uint64_t> keep_last;
  std::vector<Export> exports;
  bool record_registry = false;
  std::string registry_secret, registry_certificate_secret;
};

struct PublishPlan {
  /// Of the OCIArtifact; empty where the reference goes into a status.
  std::string namespace_name, name;
  PublishOptions options;
  ResourceOptions resource;
};

void declare(Command& command, PublishArguments& arguments);

/// kInvalid for arguments that contradict each other.
Result<PublishPlan> plan(const PublishArguments& arguments);

}  // namespace lamina::cmd
