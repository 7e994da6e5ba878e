// SPDX-License-Identifier: Apache-2.0
#include "store/testing/harness.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace lamina::store {

std::string CountingRandom::hex128() {
  std::string text(32, '0');
  std::snprintf(text.data(), text.size() + 1, "%032llx", static_cast<unsigned long long>(next_++));
  return text;
}

Harness::Harness(Options given) : options(std::move(given)) { restart(false); }

Options Harness::small() {
  Options options;
  options.inline_bytes = 16;
  return options;
}

void Harness::restart(bool power_loss) {
  store.reset();
  blobs.reset();
  if (power_loss) {
    meta.lose_unsynced();
    files.lose_unsynced();
  }
  auto opened = blob::LocalBlobStore::open(files, "/");
  ASSERT_TRUE(opened) << opened.error().message;
  blobs = *std::move(opened);
  store = std::make_unique<Store>(meta, *blobs, clock, random, options);
  const auto prepared = store->prepare();
  ASSERT_TRUE(prepared) << prepared.error().message;
  const auto recovered = store->uploads().recover();
  ASSERT_TRUE(recovered) << recovered.error().message;
}

Digest Harness::push(const RepositoryName& repository, std::string_view bytes) {
  const Digest digest = Digest::of(bytes);
  auto upload = store->uploads().direct(repository, Algorithm::kSha256);
  EXPECT_TRUE(upload);
  EXPECT_TRUE((*upload)->append(std::as_bytes(std::span(bytes))));
  const auto finished_upload = (*upload)->finish(digest);
  EXPECT_TRUE(finished_upload) << finished_upload.error().message;
  return digest;
}

ManifestPut finished(ManifestPut put) {
  put.media_type = put.content.media_type;
  put.bytes = serialize(put.content, FieldOrder::kOras);
  put.digest = Digest::of(put.bytes);
  return put;
}

ManifestPut Harness::image(std::string_view layer, std::vector<Tag> tags, const Annotations& annotations) {
  ManifestPut put;
  put.content.media_type = media_type::kImageManifest;
  put.content.config = Descriptor{.media_type = std::string(media_type::kImageConfig), .digest = Digest::of("{}"), .size = 2};
  put.content.layers.push_back(
      {.media_type = std::string(media_type::kLayerTarGzip), .digest = Digest::of(layer), .size = layer.size()});
  put.content.annotations = annotations;
  put.tags = std::move(tags);
  return finished(std::move(put));
}

ManifestPut Harness::index(const std::vector<StoredManifest>& children, std::vector<Tag> tags) {
  ManifestPut put;
  put.content.kind = ManifestKind::kIndex;
  put.content.media_type = media_type::kImageIndex;
  for (const auto& child : children) {
    put.content.manifests.push_back({.media_type = child.media_type, .digest = child.digest, .size = child.bytes.size()});
  }
  put.tags = std::move(tags);
  return finished(std::move(put));
}

Digest Harness::put_image(const RepositoryName& repository, std::string_view layer, std::vector<Tag> tags,
                          const Annotations& annotations) {
  push(repository, "{}");
  push(repository, layer);
  const ManifestPut put = image(layer, std::move(tags), annotations);
  const auto outcome = store->manifests().put(repository, put);
  EXPECT_TRUE(outcome) << outcome.error().message;
  return put.digest;
}

std::string Harness::read(const RepositoryName& repository, const Digest& digest) {
  auto reader = store->blobs().open(repository, digest, false);
  if (!reader) return '[' + std::string(to_string(reader.error().code)) + ']';
  std::string bytes;
  while (bytes.size() < (*reader)->size()) {
    const auto piece = (*reader)->at(bytes.size());
    if (!piece) return '[' + std::string(to_string(piece.error().code)) + ']';
    bytes.append(reinterpret_cast<const char*>(piece->data()), piece->size());
  }
  return bytes;
}

std::size_t Harness::count(meta::Table table) {
  const auto records = meta.scan(table, {}, {}, 100'000, meta::Include::kKeys);
  EXPECT_TRUE(records);
  return records->size();
}

RepositoryName repo(std::string_view name) { return RepositoryName::parse(name).value(); }
Tag tag(std::string_view name) { return Tag::parse(name).value(); }

}  // namespace lamina::store
