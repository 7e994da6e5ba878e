// SPDX-License-Identifier: Apache-2.0
#include "store/blobs.h"

#include <array>

#include "store/checksum.h"
#include "store/keys.h"
#include "store/quarantine.h"

namespace lamina::store {
namespace {

using meta::Table;

constexpr std::size_t kAnonymousMountTries = 8;
constexpr std::size_t kNamedInMessage = 10;

Error unknown_blob(const RepositoryName& repository, const Digest& digest) {
  return {
      Code::kNotFound, About::kBlob,
      "repository " + repository.str() + " has no blob " + digest.to_string() + "; push or mount it there"};
}

/// A blob that is one value in memory.
class InlineReader final : public BlobReader {
 public:
  explicit InlineReader(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<std::span<const std::byte>> at(std::uint64_t offset) override {
    return std::as_bytes(std::span(bytes_)).subspan(offset);
  }

 private:
  std::string bytes_;
};

/// A blob in the BlobStore, read and checked a piece at a time.
class PieceReader final : public BlobReader {
 public:
  PieceReader(Context& context, const Digest& digest, blob::BlobId id, std::unique_ptr<blob::Reader> bytes,
              std::vector<std::uint32_t> checksums)
      : context_(context),
        digest_(digest),
        id_(std::move(id)),
        bytes_(std::move(bytes)),
        checksums_(std::move(checksums)),
        size_(bytes_->size()) {}

  std::uint64_t size() const override { return size_; }

  Result<std::span<const std::byte>> at(std::uint64_t offset) override {
    const std::size_t index = offset / kPieceBytes;
    const std::uint64_t start = index * kPieceBytes;
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, size_ - start));
    if (index != loaded_) {
      loaded_ = kNone;
      piece_.resize(length);
      LAMINA_ASSIGN(const std::size_t read, bytes_->read_at(start, piece_));
      if (read != length || crc32c(piece_) != checksums_[index]) {
        return std::unexpected(quarantine(context_, digest_, id_, "piece " + std::to_string(index)));
      }
      loaded_ = index;
    }
    return std::span<const std::byte>(piece_).subspan(offset - start);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  Context& context_;
  Digest digest_;
  blob::BlobId id_;
  std::unique_ptr<blob::Reader> bytes_;
  std::vector<std::uint32_t> checksums_;
  std::uint64_t size_;
  std::vector<std::byte> piece_;
  std::size_t loaded_ = kNone;
};

}  // namespace

std::optional<std::string_view> built_in(const Digest& digest) {
  static const std::array<std::pair<Digest, std::string_view>, 4> known{{
      {Digest::of("{}"), "{}"},
      {Digest::of(""), ""},
      {Digest::of("{}", Algorithm::kSha512), "{}"},
      {Digest::of("", Algorithm::kSha512), ""},
  }};
  for (const auto& [name, bytes] : known) {
    if (name == digest) return bytes;
  }
  return std::nullopt;
}

Result<std::optional<BlobRecord>> find_blob(Context& context, const Digest& digest) {
  if (const auto bytes = built_in(digest)) {
    BlobRecord record;
    record.size = bytes->size();
    return record;
  }
  return read_record<BlobRecord>(context, Table::kBlobs, keys::blob(digest), decode<BlobRecord>);
}

void add_link(Context& context, meta::Batch& batch, const RepositoryName& repository, const Digest& digest,
              std::chrono::seconds lease) {
  const UnixTime expiry = context.clock.now() + lease;
  set_record(batch, Table::kLinks, keys::in(repository, digest), encode(LinkRecord{expiry}));
  set_record(batch, Table::kLinked, keys::linked(digest, repository), {});
  set_record(batch, Table::kLeases, keys::due(expiry, repository, digest), {});
}

void Blobs::renew(const RepositoryName& repository, const Digest& digest, const std::string& link) {
  const auto record = decode<LinkRecord>(link);
  if (!record || record->lease - context_.clock.now() > context_.options.lease / 2) return;
  meta::Batch batch;
  batch.durability = meta::Durability::kProcessDeath;
  require_unchanged(batch, Table::kLinks, keys::in(repository, digest), link);
  add_link(context_, batch, repository, digest, context_.options.lease);
  // A conflict means that another request renewed or removed it; either is as good as this. Where writes have
  // stopped, reads go on.
  (void)context_.meta.commit(std::move(batch));
}

Result<BlobRecord> Blobs::visible(const RepositoryName& repository, const Digest& digest, bool renew_lease) {
  LAMINA_ASSIGN(const auto link, context_.meta.get(Table::kLinks, keys::in(repository, digest)));
  if (!link) return std::unexpected(unknown_blob(repository, digest));
  LAMINA_ASSIGN(auto record, find_blob(context_, digest));
  if (!record) {
    return fail(Code::kCorrupt, About::kBlob,
                "the record of blob " + digest.to_string() + " is missing although repository " +
                    repository.str() + " links it; the records are damaged");
  }
  if (record->quarantined) {
    return std::unexpected(
        Error{Code::kNotFound,
              About::kBlob,
              "blob " + digest.to_string() + " is quarantined: its stored bytes are damaged; push it again",
              {std::string(kQuarantined)}});
  }
  if (renew_lease) renew(repository, digest, *link);
  return *std::move(record);
}

Result<std::uint64_t> Blobs::stat(const RepositoryName& repository, const Digest& digest, bool renew_lease) {
  LAMINA_ASSIGN(const BlobRecord record, visible(repository, digest, renew_lease));
  return record.size;
}

Result<std::unique_ptr<BlobReader>> Blobs::open(const RepositoryName& repository, const Digest& digest,
                                                bool renew_lease) {
  LAMINA_ASSIGN(BlobRecord record, visible(repository, digest, renew_lease));
  for (;;) {
    auto reader = reader_of(digest, record);
    if (reader || reader.error().code != Code::kCorrupt) return reader;
    // Where other bytes have taken the place of these since the record was read, these are gone, not damaged.
    LAMINA_ASSIGN(BlobRecord now, visible(repository, digest, false));
    if (now.id == record.id)
      return std::unexpected(quarantine(context_, digest, record.id, reader.error().message));
    record = std::move(now);
  }
}

Result<std::unique_ptr<BlobReader>> Blobs::reader_of(const Digest& digest, const BlobRecord& record) {
  if (const auto bytes = built_in(digest)) return std::make_unique<InlineReader>(std::string(*bytes));
  if (record.place == BlobRecord::Place::kInline) {
    LAMINA_ASSIGN(auto bytes, context_.meta.get(Table::kInline, record.id.str()));
    if (!bytes || bytes->size() != record.size ||
        crc32c(std::as_bytes(std::span(*bytes))) != record.checksum) {
      return fail(Code::kCorrupt, "its inline bytes");
    }
    return std::make_unique<InlineReader>(*std::move(bytes));
  }
  LAMINA_ASSIGN(const auto packed, context_.meta.get(Table::kChecksums, record.id.str()));
  auto checksums = decode_checksums(packed.value_or(""));
  auto bytes = context_.blobs.open(record.id);
  if (!bytes && bytes.error().code != Code::kNotFound) return std::unexpected(std::move(bytes).error());
  const std::uint64_t pieces = (record.size + kPieceBytes - 1) / kPieceBytes;
  if (!bytes || (*bytes)->size() != record.size || !checksums || checksums->size() != pieces) {
    return fail(Code::kCorrupt, "its size or its checksums");
  }
  return std::make_unique<PieceReader>(context_, digest, record.id, *std::move(bytes), *std::move(checksums));
}

Result<void> Blobs::mount(const RepositoryName& repository, const Digest& digest,
                          const std::optional<RepositoryName>& from,
                          const std::function<bool(const RepositoryName&)>& readable) {
  const auto source = [&]() -> Result<std::optional<RepositoryName>> {
    if (from) return from;
    LAMINA_ASSIGN(const auto holders, context_.meta.scan(Table::kLinked, keys::of(digest), {},
                                                         kAnonymousMountTries, meta::Include::kKeys));
    for (const auto& holder : holders) {
      LAMINA_ASSIGN(auto name,
                    RepositoryName::parse(std::string_view(holder.key).substr(keys::of(digest).size())));
      if (readable(name)) return name;
    }
    return std::nullopt;
  };
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    LAMINA_ASSIGN(const auto holder, source());
    if (!holder) {
      return fail(Code::kNotFound, About::kBlob, "no readable repository holds blob " + digest.to_string());
    }
    LAMINA_TRY(visible(*holder, digest, false));
    meta::Batch batch;
    require_present(batch, Table::kLinks, keys::in(*holder, digest));
    add_link(context_, batch, repository, digest, context_.options.lease);
    return batch;
  }));
  return {};
}

Result<void> Blobs::remove(const RepositoryName& repository, const Digest& digest) {
  LAMINA_TRY(commit_with(context_, [&]() -> Result<meta::Batch> {
    const std::string key = keys::in(repository, digest);
    LAMINA_ASSIGN(const auto link, context_.meta.get(Table::kLinks, key));
    if (!link) return std::unexpected(unknown_blob(repository, digest));
    const std::string edges = keys::edges(digest, repository);
    LAMINA_ASSIGN(const auto named,
                  context_.meta.scan(Table::kEdges, edges, {}, kNamedInMessage, meta::Include::kKeys));
    if (!named.empty()) {
      Error error{Code::kUnsupported, About::kBlob,
                  "blob " + digest.to_string() + " is named by manifests of repository " + repository.str() +
                      "; delete them first:"};
      for (const auto& edge : named) {
        std::string_view rest = std::string_view(edge.key).substr(edges.size());
        LAMINA_ASSIGN(const Digest manifest, keys::take_digest(rest));
        error.message += ' ' + manifest.to_string();
        error.detail.push_back(manifest.to_string());
      }
      return std::unexpected(std::move(error));
    }
    meta::Batch batch;
    require_present(batch, Table::kLinks, key);
    require_none_with(batch, Table::kEdges, edges);
    erase_record(batch, Table::kLinks, key);
    erase_record(batch, Table::kLinked, keys::linked(digest, repository));
    set_record(batch, Table::kLeases, keys::due(context_.clock.now(), repository, digest), {});
    return batch;
  }));
  return {};
}

Result<void> Blobs::add(meta::Batch& batch, const RepositoryName& repository, const StagedBlob& staged,
                        std::chrono::seconds lease) {
  const std::string key = keys::blob(staged.digest);
  add_link(context_, batch, repository, staged.digest, lease);
  if (staged.recorded) {
    LAMINA_ASSIGN(const auto upload, context_.meta.get(Table::kUploads, keys::upload(staged.upload)));
    if (!upload) {
      return fail(Code::kNotFound, About::kUpload,
                  "the upload was cancelled or finished while it was finished here");
    }
    require_present(batch, Table::kUploads, keys::upload(staged.upload));
    erase_record(batch, Table::kUploads, keys::upload(staged.upload));
  }
  if (built_in(staged.digest)) return {};

  LAMINA_ASSIGN(const auto stored, context_.meta.get(Table::kBlobs, key));
  std::optional<BlobRecord> record;
  if (stored) {
    LAMINA_ASSIGN(record, decode<BlobRecord>(*stored));
  }
  const blob::BlobId id = context_.blobs.id_for(staged.upload, staged.digest);
  if (record && !record->quarantined) {
    require_unchanged(batch, Table::kBlobs, key, stored);  // It may be found damaged meanwhile.
    if (staged.published) set_record(batch, Table::kRemovals, keys::removal(id), {});
    return {};
  }
  if (!staged.bytes && !staged.published) {
    // The record that made a second copy needless went between staging and now.
    return fail(Code::kUnavailable, About::kBlob, "the blob was removed while it was pushed; push it again");
  }
  require_unchanged(batch, Table::kBlobs, key, stored);
  if (record && record->place == BlobRecord::Place::kStore) {
    set_record(batch, Table::kRemovals, keys::removal(record->id), {});
    erase_record(batch, Table::kChecksums, record->id.str());
  } else if (record) {
    erase_record(batch, Table::kInline, record->id.str());
  }
  BlobRecord made{.size = staged.size, .place = BlobRecord::Place::kInline, .id = id};
  if (staged.bytes) {
    made.checksum = crc32c(std::as_bytes(std::span(*staged.bytes)));
    set_record(batch, Table::kInline, id.str(), *staged.bytes);
  } else {
    made.place = BlobRecord::Place::kStore;
    set_record(batch, Table::kChecksums, id.str(), encode_checksums(staged.checksums));
  }
  set_record(batch, Table::kBlobs, key, encode(made));
  return {};
}

void Blobs::abandon(const StagedBlob& staged, bool in_doubt) {
  // What fails here is found by recover().
  if (staged.spilled && !staged.recorded) (void)context_.blobs.discard(staged.upload);
  if (!staged.published || in_doubt) return;
  if (!context_.blobs.remove(context_.blobs.id_for(staged.upload, staged.digest))) return;
  meta::Batch batch;
  batch.durability = meta::Durability::kProcessDeath;
  erase_record(batch, Table::kUploads, keys::upload(staged.upload));
  (void)context_.meta.commit(std::move(batch));
}

void Blobs::settle(const StagedBlob& staged) {
  // What fails here costs space until recover() or an audit, never content.
  if (staged.spilled) (void)context_.blobs.discard(staged.upload);
  if (!staged.published) return;
  const blob::BlobId id = context_.blobs.id_for(staged.upload, staged.digest);
  const auto record = find_blob(context_, staged.digest);
  if (!record || !*record || (*record)->id == id) return;
  if (!context_.blobs.remove(id)) return;
  meta::Batch batch;
  batch.durability = meta::Durability::kProcessDeath;
  erase_record(batch, Table::kRemovals, keys::removal(id));
  erase_record(batch, Table::kUploads, keys::upload(staged.upload));
  (void)context_.meta.commit(std::move(batch));
}

}  // namespace lamina::store
