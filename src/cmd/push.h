// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cmd/artifact_arguments.h"
#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/pack_arguments.h"
#include "cmd/remote_arguments.h"
#include "lamina/client.h"
#include "oci/json_writer.h"

namespace lamina::cmd {

struct PushArguments {
  RemoteArguments remote;
  std::string path;
  std::optional<Reference> reference;
  IdentityArguments identity;
  std::vector<Tag> tags;
  Profile profile = Profile::kArtifact;
  PublishMode mode = PublishMode::kAuto;
  std::string media_type, artifact_type, oci_config, oci_config_type;
  std::vector<std::string> annotations;
  std::string revision, source, created;
  std::optional<TagOrDigest> subject;
  PackArguments pack;
  bool if_absent = false;
  std::optional<Digest> if_match;
  std::optional<std::chrono::seconds> ttl;
};

/// What the client is asked to do, but for the subject, the config's bytes and an input stream.
struct PushPlan {
  Reference target;
  PushOptions options;
  PackOptions pack;
};

void declare(Command& command, PushArguments& arguments);

// What `publish` shares.

/// `object`: what refers to it; may be empty.
std::string text_of(const Published& published, bool unchanged, const std::string& object);
/// The members of JSON output but `unchanged`.
void write_published(oci::JsonWriter& json, const Published& published);
/// What stands at `path`; - is standard input.
Content content_of(const std::string& path, const PackOptions& pack, Context& context);

/// kInvalid for arguments that contradict each other.
Result<PushPlan> plan(const PushArguments& arguments);

}  // namespace lamina::cmd
