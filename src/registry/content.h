// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "registry/call.h"
#include "store/blobs.h"

namespace lamina::registry {

/// Answers GET or HEAD with the bytes of a blob: validators, one range, and every byte checked before it is
/// sent. `headers` come on top of ETag, Accept-Ranges, Docker-Content-Digest and Repr-Digest.
Answer send_content(Call& call, const RepositoryName& repository, const Digest& digest,
                    http::Headers headers);

/// A strong entity tag: the digest in quotes.
std::string entity_tag(const Digest& digest);
/// Does If-None-Match say that the client holds this content? Then the answer is 304.
Result<bool> is_unchanged(const http::Request& request, const Digest& digest);

}  // namespace lamina::registry
