// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/digest.h"

namespace lamina {

using Annotations = std::map<std::string, std::string, std::less<>>;

/// image-spec v1.1.1 descriptor.md "Platform"; only what index entries carry.
struct Platform {
  std::string architecture;
  std::string os;
  std::string os_version;
  std::vector<std::string> os_features;
  std::string variant;
  friend bool operator==(const Platform&, const Platform&) = default;
};

/// image-spec v1.1.1 descriptor.md.
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::vector<std::string> urls;
  Annotations annotations;
  std::optional<std::string> data;  ///< Decoded bytes of the `data` field.
  std::optional<Platform> platform;
  std::string artifact_type;
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

namespace media_type {
inline constexpr std::string_view kImageManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kImageIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kImageConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kEmpty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kLayerTarGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kOctetStream = "application/octet-stream";
}  // namespace media_type

/// The empty descriptor of image-spec: two bytes `{}`, carried in `data`.
Descriptor empty_descriptor();

/// True for layer types whose content a registry need not hold: OCI non-distributable and Docker foreign.
bool is_non_distributable(std::string_view media_type);

}  // namespace lamina
