// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cmd/artifact_arguments.h"
#include "cmd/command.h"
#include "cmd/kubernetes_arguments.h"
#include "cmd/remote_arguments.h"
#include "lamina/client.h"

namespace lamina::cmd {

struct PullArguments {
  RemoteArguments remote;
  ArtifactArguments artifact;
  ObjectArguments object;
  std::string to;
  bool unpack = false;
  bool decompress = false;
  LinkPolicy links = LinkPolicy::kReject;
  std::optional<std::uint64_t> max_size;
  std::uint64_t layer = 0;
  std::string layer_type;
  std::string platform;
  std::optional<Digest> blob;
};

struct PullPlan {
  std::optional<Reference> reference;  ///< Absent where an object names the artifact.
  Destination destination;             ///< Of a stream, without its sink.
  PullOptions options;
};

void declare(Command& command, PullArguments& arguments);

/// kInvalid for arguments that contradict each other.
Result<PullPlan> plan(const PullArguments& arguments);

}  // namespace lamina::cmd
