// SPDX-License-Identifier: Apache-2.0
#include "store/testing/harness.h"

#include <array>
#include <cstdio>

#include "store/keys.h"
#include "store/records.h"
#include "store/testing/conflicting_meta_store.h"

namespace lamina::store {

std::string CountingRandom::hex128() {
  std::string text(32, '0');
  std::snprintf(text.data(), text.size() + 1, "%032llx", static_cast<unsigned long long>(next_++));
  return text;
}

std::string name_of(const testing::TestParamInfo<Others>& info) {
  return info.param == Others::kNone ? "Alone" : "AmongOthers";
}

Harness::Harness(Options given, Others others) : options(std::move(given)) {
  if (others == Others::kInTheWay) among_others = std::make_unique<ConflictingMetaStore>(meta, 1);
  restart(false);
}

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
  store = std::make_unique<Store>(among_others ? *among_others : meta, *blobs, clock, random, options);
  const auto prepared = store->prepare();
  ASSERT_TRUE(prepared) << prepared.error().message;
  const auto recovered = store->uploads().recover();
  ASSERT_TRUE(recovered) << recovered.error().message;
}

void Harness::before_next_commit(std::function<void()> interfere) {
  meta.before_commit([interfere = std::move(interfere),
                      done = false](const meta::Batch&) mutable -> std::optional<Result<meta::Outcome>> {
    if (!std::exchange(done, true)) interfere();
    return std::nullopt;
  });
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
  put.content.config =
      Descriptor{.media_type = std::string(media_type::kImageConfig), .digest = Digest::of("{}"), .size = 2};
  put.content.layers.push_back({.media_type = std::string(media_type::kLayerTarGzip),
                                .digest = Digest::of(layer),
                                .size = layer.size()});
  put.content.annotations = annotations;
  put.tags = std::move(tags);
  return finished(std::move(put));
}

ManifestPut Harness::index(const std::vector<StoredManifest>& children, std::vector<Tag> tags) {
  ManifestPut put;
  put.content.kind = ManifestKind::kIndex;
  put.content.media_type = media_type::kImageIndex;
  for (const auto& child : children) {
    put.content.manifests.push_back(
        {.media_type = child.media_type, .digest = child.digest, .size = child.bytes.size()});
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

std::string Harness::audit() {
  const auto findings = store->audit();
  if (!findings) return findings.error().message;
  std::string lines;
  for (const auto& finding : *findings) {
    lines += (finding.weight == Finding::Weight::kDamage ? "damage: " : "leftover: ") + finding.what + '\n';
  }
  return lines;
}

std::vector<std::string> Harness::changes() {
  const auto log = meta.changes(0, 100'000);
  EXPECT_TRUE(log);
  std::vector<std::string> lines;
  for (const auto& change : *log) {
    const auto record = decode<ChangeRecord>(change.payload);
    EXPECT_TRUE(record);
    constexpr std::array<std::string_view, 5> kKinds = {"", "set", "untag", "put", "remove"};
    lines.push_back(std::string(kKinds.at(static_cast<std::size_t>(record->kind))) + ' ' +
                    record->repository + (record->tag.empty() ? "" : ':' + record->tag) + '@' +
                    record->digest.hex().substr(0, 8));
  }
  return lines;
}

fs::Path Harness::path_of(const Digest& digest) {
  const auto stored = meta.get(meta::Table::kBlobs, keys::blob(digest));
  EXPECT_TRUE(stored && *stored) << "no record of blob " << digest.to_string();
  return fs::Path("/blobs") / to_string(digest.algorithm()) / digest.hex().substr(0, 2) /
         decode<BlobRecord>(**stored)->id.str();
}

void Harness::damage(const Digest& digest, std::size_t at) {
  const std::string id = path_of(digest).filename();
  auto bytes = meta.get(meta::Table::kInline, id);
  ASSERT_TRUE(bytes);
  if (*bytes) {
    (**bytes)[at] = static_cast<char>((**bytes)[at] ^ 1);
    meta::Batch batch;
    batch.writes.push_back({meta::Table::kInline, id, **bytes});
    ASSERT_TRUE(meta.commit(std::move(batch)));
    return;
  }
  auto file = files.open_writable(path_of(digest));
  ASSERT_TRUE(file) << file.error().message;
  std::byte byte{};
  ASSERT_EQ((*file)->read_at(at, std::span(&byte, 1)).value(), 1u);
  byte ^= std::byte{1};
  ASSERT_TRUE((*file)->write_at(at, std::span(&byte, 1)));
  ASSERT_TRUE((*file)->sync());
}

RepositoryName repo(std::string_view name) { return RepositoryName::parse(name).value(); }
Tag tag(std::string_view name) { return Tag::parse(name).value(); }

}  // namespace lamina::store
