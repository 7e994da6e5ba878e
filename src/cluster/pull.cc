// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cluster/references.h"
#include "lamina/kubernetes.h"

namespace lamina {
namespace {

Error not_as_stated(const ObjectReference& reference, About about, const std::string& what,
                    const std::string& expected, const std::string& found) {
  return {Code::kMismatch, about,
          cluster::describe(reference.carrier) + " says that the " + what + " is " + expected +
              ", but the artifact has " + found};
}

/// What the reference binds, against the layer that a manifest names.
Result<void> check_layer(const ObjectReference& reference, const Descriptor& layer) {
  if (reference.digest && *reference.digest != layer.digest) {
    return std::unexpected(not_as_stated(reference, About::kDigest, "digest of the layer",
                                         reference.digest->to_string(), layer.digest.to_string()));
  }
  if (reference.size && *reference.size != layer.size) {
    return std::unexpected(not_as_stated(reference, About::kSize, "size of the layer",
                                         std::to_string(*reference.size), std::to_string(layer.size)));
  }
  return {};
}

/// The one layer that references are about.
Result<void> check_manifest(const ObjectReference& reference, const Manifest& manifest) {
  if (!reference.digest) return {};
  if (!manifest.layers.empty()) return check_layer(reference, manifest.layers.front());
  return std::unexpected(not_as_stated(reference, About::kDigest, "digest of the layer",
                                       reference.digest->to_string(),
                                       manifest.kind == ManifestKind::kIndex ? "an index" : "no layer"));
}

Result<void> check_form(const ObjectReference& reference) {
  if (reference.oci ? reference.oci->digest || reference.oci->tag || reference.digest
                    : reference.digest && !reference.url.empty())
    return {};
  return fail(Code::kInvalid, cluster::describe(reference.carrier) +
                                  " does not say by what digest or tag its artifact is found");
}

/// A Snapshot of v1 names its content by the layer: the tag may have moved on.
bool is_by_layer(const ObjectReference& reference) { return !reference.oci->digest && reference.digest; }

class Nowhere final : public Sink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    count += bytes.size();
    return {};
  }
  std::uint64_t count = 0;
};

}  // namespace

Result<Pulled> Cluster::pull(const ObjectReference& reference, Client& client, const Destination& destination,
                             const PullOptions& options) {
  LAMINA_TRY(check_form(reference));
  if (!reference.oci)
    return client.pull_url(reference.url, *reference.digest, reference.size, destination, options);
  if (is_by_layer(reference))
    return client.pull_blob(*reference.oci, *reference.digest, destination, options);
  const bool first_layer = options.layer == 0 && options.layer_media_type.empty();
  if (reference.digest && first_layer) {
    // Before the first byte: a stream cannot take it back.
    LAMINA_ASSIGN(const FetchedManifest fetched, client.manifest(*reference.oci));
    LAMINA_TRY(check_manifest(reference, fetched.manifest));
  }
  return client.pull(*reference.oci, destination, options);
}

Result<Verified> Cluster::verify(const ObjectReference& reference, Client& client) {
  LAMINA_TRY(check_form(reference));
  if (reference.oci && !is_by_layer(reference)) {
    LAMINA_ASSIGN(const FetchedManifest fetched, client.manifest(*reference.oci));
    LAMINA_TRY(check_manifest(reference, fetched.manifest));
    Reference pinned = *reference.oci;
    pinned.digest = fetched.descriptor.digest;
    return client.verify(pinned);
  }
  Nowhere nowhere;
  LAMINA_TRY(pull(reference, client, StreamDestination{.sink = &nowhere}));
  return Verified{.blobs = 1, .bytes = nowhere.count};
}

}  // namespace lamina
