// SPDX-License-Identifier: Apache-2.0
// Manifests from anybody, under each media type: what is accepted can be written and read again.
#include "fuzz.h"
#include "lamina/manifest.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  const std::string_view bytes = fuzz::text_of(data, size);
  for (std::string_view type : {media_type::kImageManifest, media_type::kImageIndex,
                                media_type::kDockerManifest, media_type::kDockerList}) {
    const auto manifest = parse_manifest(bytes, type);
    if (!manifest) continue;
    fuzz::require(
        manifest->kind == ManifestKind::kImage ? manifest->manifests.empty() : manifest->layers.empty(),
        "a manifest is an image or an index");
    for (FieldOrder order : {FieldOrder::kOras, FieldOrder::kGgcr}) {
      fuzz::require(parse_manifest(serialize(*manifest, order), type).has_value(),
                    "a written manifest can be read");
    }
  }
  return 0;
}
