// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "lamina/kubernetes.h"
#include "oci/json.h"

/// The JSON of what is applied. No input or output.
namespace lamina::cluster {

/// Labels by which objects are found by identity: `id.lamina.dev/<16 hex digits of SHA-256 of the key>`:
/// `<32 hex digits of SHA-256 of the value>`. Keys and values need not be such as labels can hold.
std::map<std::string, std::string> identity_labels(const Identity& identity);
/// The label selector that finds them: `label=value,...`.
std::string identity_selector(const Identity& identity);

/// On objects that publish() wrote: a digest of all that it applied. Where it is the same, nothing was left
/// out since that the object still has.
inline constexpr std::string_view kAppliedAnnotation = "lamina.dev/applied";

/// The OCIArtifact that refers to `artifact`, with kAppliedAnnotation. `resource.owner` has its uid.
std::string oci_artifact_json(std::string_view namespace_name, std::string_view name,
                              const Published& artifact, const PublishOptions& options,
                              const ResourceOptions& resource);

/// {apiVersion, kind, metadata, status: {ociArtifact: {repository, digest, blob}}}
std::string status_oci_artifact_json(const ObjectId& object, const Published& artifact);
/// {apiVersion, kind, metadata, status: {artifact: {url, path, digest, ...}}}; `time` is its lastUpdateTime.
/// `artifact` has its URL.
std::string status_artifact_json(const ObjectId& object, const Published& artifact,
                                 const PublishOptions& options, UnixTime time);
/// `<options.revision, else a tag>@<digest of the layer>`: changes with the content.
std::string revision_of(const Published& artifact, const PublishOptions& options);

}  // namespace lamina::cluster
