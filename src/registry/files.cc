// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"
#include "lamina/manifest.h"
#include "oci/file_name.h"
#include "registry/artifact_json.h"
#include "registry/call.h"
#include "registry/content.h"

namespace lamina::registry {
namespace {

/// The one layer of an artifact.
Result<Descriptor> only_layer(const store::StoredManifest& stored) {
  LAMINA_ASSIGN(Manifest content, parse_manifest(stored.bytes, stored.media_type));
  if (content.kind != ManifestKind::kImage || content.layers.size() != 1) {
    return fail(Code::kNotFound, About::kManifest,
                "manifest " + stored.digest.to_string() + " has " + std::to_string(content.layers.size()) +
                    " layers; the file face serves artifacts with exactly one");
  }
  return std::move(content.layers.front());
}

/// RFC 6266: the encoded name for those who know it, and the plain one, where it needs no encoding, for the
/// rest.
std::string disposition(const std::string& name) {
  const std::string encoded = http::percent_encode(name);
  return "attachment; " + (encoded == name ? "filename=\"" + name + "\"; " : "") + "filename*=UTF-8''" +
         encoded;
}

}  // namespace

Answer get_file(Call& call) {
  LAMINA_CO_ASSIGN(const auto reference, parse_tag_or_digest(call.route.last));
  LAMINA_CO_ASSIGN(const auto stored, co_await call.workers.run([&] {
    return call.store.manifests().get(call.repository(), reference);
  }));
  LAMINA_CO_ASSIGN(const Descriptor layer, only_layer(stored));
  http::Headers headers;
  headers.add("Content-Type", layer.media_type);
  headers.add("Content-Disposition", disposition(oci::file_name(layer)));
  // What a digest names never changes; what a tag names has to be asked for each time.
  headers.add("Cache-Control",
              std::holds_alternative<Digest>(reference) ? "public, max-age=31536000, immutable" : "no-cache");
  headers.add("Lamina-Manifest-Digest", stored.digest.to_string());
  auto answered = co_await send_content(call, call.repository(), layer.digest, std::move(headers));
  // The artifact is there and its layer is not, or is damaged: whoever polls the address is told to come
  // again.
  if (!answered && answered.error().about == About::kBlob &&
      (answered.error().code == Code::kNotFound || answered.error().code == Code::kCorrupt)) {
    co_return fail(Code::kUnavailable, About::kBlob, std::move(answered).error().message);
  }
  co_return answered;
}

}  // namespace lamina::registry
