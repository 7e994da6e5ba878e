// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "lamina/descriptor.h"
#include "lamina/identity.h"
#include "lamina/manifest.h"
#include "lamina/reference.h"
#include "lamina/result.h"
#include "store/manifests.h"

namespace lamina::registry {

/// What a publish in one request asks for, without the layer's bytes: docs/api/publish.md.
struct PublishRequest {
  std::string media_type{lamina::media_type::kImageManifest};
  std::string artifact_type;
  std::string config_type{lamina::media_type::kEmpty};
  std::string config = "{}";
  std::string layer_type{lamina::media_type::kOctetStream};
  Annotations layer_annotations;
  std::optional<Digest> layer_digest;       ///< Checked where given.
  std::optional<std::uint64_t> layer_size;  ///< Checked where given.
  Annotations annotations;
  std::optional<Identity> identity;  ///< Becomes the annotation kIdentityAnnotation.
  std::optional<Descriptor> subject;
  std::vector<Tag> tags;
  store::TagCondition condition;
  std::optional<std::chrono::seconds> ttl;
  std::optional<store::OwnerRecord> owner;  ///< Then there is a ttl.
  FieldOrder order = FieldOrder::kOras;
};

/// The first part of a multipart body. kInvalid for a field that is unknown or of the wrong type.
Result<PublishRequest> parse_publish_json(std::string_view json);
/// The query of a request whose body is the layer; its Content-Type is the layer's media type.
Result<PublishRequest> parse_publish_query(const http::Request& request);

/// The manifest of the request around a layer, as the standard sequence would push it.
Manifest manifest_of(const PublishRequest& request, const Digest& layer, std::uint64_t layer_size);

}  // namespace lamina::registry
