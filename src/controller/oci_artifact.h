// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "controller/conditions.h"
#include "controller/content.h"
#include "controller/exports.h"
#include "kube/object.h"
#include "lamina/identity.h"

/// OCIArtifact of lamina.dev/v1alpha1 as the controller reads and writes it.
/// docs/spec/v1alpha1/ociartifact.md says what each field means.
namespace lamina::controller {

const kube::ResourceType& oci_artifact_type();

struct Retention {
  std::chrono::milliseconds ttl{10 * 60 * 1000};
  std::size_t keep_last = 2;
};

struct OciArtifactSpec {
  Identity identity;
  std::string scheme;  ///< A naming scheme, or empty.
  std::string repository;
  std::string tag;
  std::string digest;  ///< Of the manifest.
  std::string layer_digest;
  std::int64_t layer_size = 0;
  std::string layer_media_type;
  std::string revision;
  std::map<std::string, std::string, std::less<>> metadata;
  Retention retention;
  bool suspend = false;
  std::chrono::milliseconds interval{60 * 60 * 1000};
  std::optional<RegistryAccess> registry;  ///< Absent: Lamina's own.
  std::vector<Export> exports;
};

/// status.artifact: the content that the object stands for.
struct ArtifactStatus {
  std::string registry;
  std::string repository;
  std::string tag;
  std::string digest;
  std::string media_type;
  std::string layer_digest;
  std::int64_t layer_size = 0;
  std::string layer_media_type;
  std::string revision;
  bool operator==(const ArtifactStatus&) const = default;
};

/// status.history: content that it stood for before, and that is still held.
struct FormerArtifact {
  std::string repository;
  std::string digest;
  std::string layer_digest;
  UnixTime replaced{};
  bool operator==(const FormerArtifact&) const = default;
};

struct OciArtifactStatus {
  std::int64_t observed_generation = 0;
  Conditions conditions;
  std::string url;
  std::optional<ArtifactStatus> artifact;
  std::vector<FormerArtifact> history;  ///< The latest first.
  UnixTime last_verified{};
  UnixTime last_update{};
  std::string last_handled_request;  ///< lastHandledReconcileAt
  bool operator==(const OciArtifactStatus&) const = default;
};

struct OciArtifact {
  OciArtifactSpec spec;
  OciArtifactStatus status;
  std::string request;  ///< Annotation reconcile.fluxcd.io/requestedAt.
};

/// Inverse of what the API server holds. kInvalid where it is no JSON object; fields of another form read as
/// absent, since the schema lets none through.
Result<OciArtifact> read_oci_artifact(std::string_view json);

/// The body that applies `status` and takes back what it does not name.
std::string status_document(const kube::ResourceType& type, const kube::Object& object,
                            const OciArtifactStatus& status);

}  // namespace lamina::controller
