// SPDX-License-Identifier: Apache-2.0
#include "store/uploads.h"

#include <vector>

#include "store/keys.h"

namespace lamina::store {
namespace {

using meta::Table;

constexpr std::size_t kScanRecords = 256;
constexpr std::size_t kReadBytes = 256 * 1024;

Error unknown_upload(std::string_view upload) {
  return {Code::kNotFound, About::kUpload,
          "no upload '" + std::string(upload) + "' is in progress in this repository; start again with POST"};
}
std::unexpected<Error> busy() {
  return fail(Code::kConflict, About::kUpload,
              "another request is writing to this upload; wait for it, then ask for the status");
}

}  // namespace

Result<blob::UploadId> Uploads::begin(const RepositoryName& repository, Algorithm algorithm) {
  LAMINA_ASSIGN(const auto id, blob::UploadId::parse(context_.random.hex128()));
  const UploadRecord record{
      .repository = repository.str(), .algorithm = algorithm, .started = context_.clock.now(), .digest = {}};
  meta::Batch batch;
  batch.durability = meta::Durability::kProcessDeath;
  set_record(batch, Table::kUploads, keys::upload(id), encode(record));
  LAMINA_TRY(context_.meta.commit(std::move(batch)));
  return id;
}

Result<std::unique_ptr<Upload>> Uploads::direct(const RepositoryName& repository, Algorithm algorithm) {
  LAMINA_ASSIGN(auto id, blob::UploadId::parse(context_.random.hex128()));
  Upload::State state{.id = std::move(id),
                      .repository = repository,
                      .recorded = false,
                      .hasher = Hasher(algorithm),
                      .checksums = {},
                      .buffer = {}};
  return std::unique_ptr<Upload>(new Upload(*this, std::move(state)));
}

Result<blob::UploadId> Uploads::find(const RepositoryName& repository, std::string_view upload) {
  auto id = blob::UploadId::parse(upload);
  if (!id) return std::unexpected(unknown_upload(upload));
  LAMINA_ASSIGN(const auto record, read_record<UploadRecord>(context_, Table::kUploads, keys::upload(*id),
                                                             decode<UploadRecord>));
  // The id of another repository's upload is no more than unknown here.
  if (!record || record->repository != repository.str() || record->state != UploadRecord::State::kOpen) {
    return std::unexpected(unknown_upload(upload));
  }
  return *std::move(id);
}

Result<std::uint64_t> Uploads::status(const RepositoryName& repository, std::string_view upload) {
  LAMINA_ASSIGN(const auto id, find(repository, upload));
  const auto bytes = context_.blobs.read_upload(id);
  if (bytes) return (*bytes)->size();
  if (bytes.error().code == Code::kNotFound) return 0;
  return std::unexpected(bytes.error());
}

Result<Upload::State> Uploads::load(const RepositoryName& repository, const blob::UploadId& id) {
  {
    const std::lock_guard lock(mutex_);
    if (auto idle = idle_.extract(id)) return std::move(idle.mapped());
  }
  LAMINA_ASSIGN(const auto record,
                read_record<UploadRecord>(context_, Table::kUploads, keys::upload(id), decode<UploadRecord>));
  // It may have been finished since it was found.
  if (!record || record->state != UploadRecord::State::kOpen)
    return std::unexpected(unknown_upload(id.str()));
  Upload::State state{.id = id,
                      .repository = repository,
                      .recorded = true,
                      .hasher = Hasher(record->algorithm),
                      .checksums = {},
                      .buffer = {}};
  const auto bytes = context_.blobs.read_upload(id);
  if (!bytes) {
    if (bytes.error().code == Code::kNotFound) return state;
    return std::unexpected(bytes.error());
  }
  // OpenSSL cannot save the state of a hash, so the bytes are read again: after a restart, or where too many
  // uploads are idle at once.
  state.spilled = true;
  state.size = state.stored = (*bytes)->size();
  std::vector<std::byte> buffer(kReadBytes);
  for (std::uint64_t at = 0; at < state.size;) {
    LAMINA_ASSIGN(const std::size_t n, (*bytes)->read_at(at, buffer));
    if (n == 0) return fail(Code::kInternal, About::kUpload, "the bytes of the upload ended early");
    const auto read = std::span(buffer).first(n);
    state.hasher.update(read);
    state.checksums.update(read);
    if (state.size <= context_.options.inline_bytes) {
      state.buffer.append(reinterpret_cast<const char*>(read.data()), read.size());
    }
    at += n;
  }
  return state;
}

Result<std::unique_ptr<Upload>> Uploads::resume(const RepositoryName& repository, std::string_view upload) {
  LAMINA_ASSIGN(const auto id, find(repository, upload));
  if (!claim(id)) return busy();
  auto state = load(repository, id);
  if (!state) {
    release(id, std::nullopt);
    return std::unexpected(std::move(state).error());
  }
  return std::unique_ptr<Upload>(new Upload(*this, *std::move(state)));
}

Result<void> Uploads::cancel(const RepositoryName& repository, std::string_view upload) {
  LAMINA_ASSIGN(const auto id, find(repository, upload));
  if (!claim(id)) return busy();
  meta::Batch batch;
  erase_record(batch, Table::kUploads, keys::upload(id));
  auto outcome = context_.meta.commit(std::move(batch));
  Result<void> discarded = outcome ? context_.blobs.discard(id) : std::unexpected(std::move(outcome).error());
  {
    const std::lock_guard lock(mutex_);
    idle_.erase(id);
  }
  release(id, std::nullopt);
  return discarded;
}

bool Uploads::claim(const blob::UploadId& id) {
  const std::lock_guard lock(mutex_);
  return claimed_.insert(id).second;
}

void Uploads::release(const blob::UploadId& id, std::optional<Upload::State> idle) {
  const std::lock_guard lock(mutex_);
  claimed_.erase(id);
  if (!idle) return;
  if (idle_.size() >= context_.options.idle_uploads && !idle_.empty()) idle_.erase(idle_.begin());
  idle_.insert_or_assign(id, *std::move(idle));
}

Result<void> Uploads::recover() {
  std::set<blob::UploadId> open;
  std::string after;
  for (;;) {
    LAMINA_ASSIGN(const auto records, context_.meta.scan(Table::kUploads, {}, after, kScanRecords));
    if (records.empty()) break;
    after = records.back().key;
    for (const auto& [key, value] : records) {
      LAMINA_ASSIGN(const auto id, blob::UploadId::parse(key));
      LAMINA_ASSIGN(const auto record, decode<UploadRecord>(value));
      if (record.state == UploadRecord::State::kOpen) {
        open.insert(id);
        continue;
      }
      // Published without the commit that names the bytes: nobody was told that they are stored.
      LAMINA_TRY(context_.blobs.remove(context_.blobs.id_for(id, *record.digest)));
      LAMINA_TRY(context_.blobs.discard(id));
      meta::Batch batch;
      erase_record(batch, Table::kUploads, key);
      LAMINA_TRY(context_.meta.commit(std::move(batch)));
    }
  }
  LAMINA_ASSIGN(const auto uploads, context_.blobs.list_uploads());
  for (const auto& id : uploads) {
    if (!open.contains(id)) LAMINA_TRY(context_.blobs.discard(id));
  }
  for (;;) {
    LAMINA_ASSIGN(const auto removals,
                  context_.meta.scan(Table::kRemovals, {}, {}, kScanRecords, meta::Include::kKeys));
    if (removals.empty()) return {};
    meta::Batch batch;
    for (const auto& removal : removals) {
      LAMINA_TRY(context_.blobs.remove(blob::BlobId(removal.key)));
      erase_record(batch, Table::kRemovals, removal.key);
    }
    LAMINA_TRY(context_.meta.commit(std::move(batch)));
  }
}

}  // namespace lamina::store
