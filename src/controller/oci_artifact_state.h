// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "controller/oci_artifact.h"
#include "controller/settings.h"
#include "kube/object.h"
#include "lamina/client.h"

/// The decisions about an OCIArtifact: functions of what the object says, what was seen, and the time.
namespace lamina::controller {

/// Where the content of an object is to be found.
struct Plan {
  Reference reference;
  Expected expected;
};
/// kInvalidSpec, or kAccessDenied where the namespace may not name the repository.
std::expected<Plan, Trouble> plan_of(const OciArtifactSpec& spec, const kube::Object& object,
                                     const Settings& settings);

/// True where the status says that the present content of this very spec was verified and needs no new look
/// before its interval is over, and nobody has asked for one.
bool is_fresh(const OciArtifact& artifact, const kube::Object& object, const Settings& settings,
              UnixTime now);

/// The status after content was seen. What is unchanged keeps its times; content that was replaced goes into
/// the history, and leaves it as the retention says.
OciArtifactStatus verified_status(const OciArtifact& artifact, const kube::Object& object, const Plan& plan,
                                  const Content& content, const Settings& settings, UnixTime now);
/// The status after it was not seen. What was verified before stays, but where the namespace has no right to
/// it.
OciArtifactStatus failed_status(const OciArtifact& artifact, const kube::Object& object,
                                const Trouble& trouble, UnixTime now);
/// Adds what is said of holds that nobody can explain; 0 takes it back.
void say_in_doubt(OciArtifactStatus& status, std::uint64_t holds, std::int64_t generation, UnixTime now);

/// Removes from the history what the retention no longer keeps.
void prune_history(std::vector<FormerArtifact>& history, const Retention& retention, UnixTime now);

/// When the object has to be looked at although nothing changes: at its interval's end, or when the history
/// gets shorter. Not before `now`.
UnixTime next_look(const OciArtifactSpec& spec, const OciArtifactStatus& status, UnixTime now);

/// What the object holds in Lamina's registry: its content first, then its history.
std::vector<HeldManifest> held_manifests(const OciArtifactSpec& spec, const OciArtifactStatus& status,
                                         const kube::Object& object, const Settings& settings);

}  // namespace lamina::controller
