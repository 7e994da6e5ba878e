// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "store/keys.h"
#include "store/uploads.h"

namespace lamina::store {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

Error wrong_digest(const Digest& stated, const Digest& found, std::uint64_t size) {
  return {Code::kMismatch, About::kDigest,
          "expected content of digest " + stated.to_string() + ", received " + std::to_string(size) +
              " bytes of digest " + found.to_string() + "; the upload is discarded, push it again"};
}

}  // namespace

Upload::~Upload() {
  if (!ended_ && state_.recorded) {
    (void)suspend();
  } else if (!ended_) {
    discard();
  }
  leave(std::nullopt);
}

void Upload::leave(std::optional<State> idle) {
  if (left_) return;
  left_ = true;
  const blob::UploadId id = idle ? idle->id : state_.id;
  uploads_.release(id, std::move(idle));
}

Result<void> Upload::open_appender() {
  if (appender_) return {};
  state_.spilled = true;
  LAMINA_ASSIGN(appender_, uploads_.context_.blobs.append(state_.id));
  if (appender_->size() == state_.stored) return {};
  appender_.reset();
  return fail(Code::kUnavailable, About::kUpload, "another server wrote to this upload; ask for its status");
}

/// Brings what is in the buffer only to the BlobStore.
Result<void> Upload::spill() {
  const std::size_t pending = static_cast<std::size_t>(state_.size - state_.stored);
  if (pending == 0) return {};
  LAMINA_TRY(open_appender());
  LAMINA_TRY(appender_->append(std::as_bytes(std::span(state_.buffer)).last(pending)));
  state_.stored = state_.size;
  return {};
}

Result<void> Upload::append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  broken_ = true;  // until all of this has gone well
  state_.hasher.update(bytes);
  state_.checksums.update(bytes);
  const bool buffered = state_.buffer.size() == state_.size;
  if (buffered && state_.size + bytes.size() <= uploads_.context_.options.inline_bytes) {
    state_.buffer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    state_.size += bytes.size();
  } else {
    LAMINA_TRY(spill());
    LAMINA_TRY(open_appender());
    std::string().swap(state_.buffer);
    LAMINA_TRY(appender_->append(bytes));
    state_.size += bytes.size();
    state_.stored = state_.size;
  }
  broken_ = false;
  return {};
}

Result<void> Upload::suspend() {
  ended_ = true;
  Result<void> result;
  if (!broken_) result = spill();
  appender_.reset();
  if (result && !broken_) {
    leave(std::move(state_));
  } else {
    leave(std::nullopt);
  }
  return result;
}

void Upload::discard() {
  ended_ = true;
  appender_.reset();
  // What fails here is found by recover().
  if (state_.recorded) {
    meta::Batch batch;
    batch.durability = meta::Durability::kProcessDeath;
    erase_record(batch, meta::Table::kUploads, keys::upload(state_.id));
    (void)uploads_.context_.meta.commit(std::move(batch));
  }
  if (state_.spilled) (void)uploads_.context_.blobs.discard(state_.id);
  leave(std::nullopt);
}

Result<void> Upload::check(const Digest& digest) {
  if (digest.algorithm() == state_.hasher.algorithm()) {
    const Digest found = state_.hasher.digest();
    if (found != digest) return std::unexpected(wrong_digest(digest, found, state_.size));
    return {};
  }
  // The client named the algorithm only now: hash once more.
  Hasher hasher(digest.algorithm());
  if (state_.buffer.size() == state_.size) {
    hasher.update(state_.buffer);
  } else {
    LAMINA_ASSIGN(const auto reader, uploads_.context_.blobs.read_upload(state_.id));
    std::vector<std::byte> buffer(kReadBytes);
    for (std::uint64_t at = 0; at < state_.size;) {
      LAMINA_ASSIGN(const std::size_t n, reader->read_at(at, buffer));
      if (n == 0)
        return fail(Code::kInternal, About::kUpload, "the bytes of the upload are fewer than were written");
      hasher.update(std::span(buffer).first(n));
      at += n;
    }
  }
  const Digest found = hasher.digest();
  if (found != digest) return std::unexpected(wrong_digest(digest, found, state_.size));
  return {};
}

Result<StagedBlob> Upload::stage(const Digest& digest) {
  Context& context = uploads_.context_;
  if (auto matches = check(digest); !matches) {
    if (matches.error().code == Code::kMismatch) discard();
    return std::unexpected(std::move(matches).error());
  }
  StagedBlob staged{.digest = digest, .size = state_.size, .upload = state_.id};
  staged.recorded = state_.recorded;
  staged.spilled = state_.spilled;
  LAMINA_ASSIGN(const auto stored, find_blob(context, digest));
  if (stored && !stored->quarantined) {
    // One copy is enough; only the link is new.
  } else if (state_.buffer.size() == state_.size) {
    staged.bytes = state_.buffer;
  } else {
    LAMINA_TRY(publish(digest));
    staged.recorded = true;
    staged.published = true;
    staged.spilled = false;
    staged.checksums = state_.checksums.pieces();
  }
  ended_ = true;
  appender_.reset();
  return staged;
}

Result<void> Upload::publish(const Digest& digest) {
  Context& context = uploads_.context_;
  appender_.reset();
  // The intent comes before the name, so that after a crash no walk is needed to find the bytes.
  UploadRecord intent{.repository = state_.repository.str(),
                      .algorithm = digest.algorithm(),
                      .started = context.clock.now(),
                      .state = UploadRecord::State::kPublishing,
                      .digest = digest};
  meta::Batch batch;
  if (state_.recorded) require_present(batch, meta::Table::kUploads, keys::upload(state_.id));
  set_record(batch, meta::Table::kUploads, keys::upload(state_.id), encode(intent));
  LAMINA_ASSIGN(const auto outcome, context.meta.commit(std::move(batch)));
  if (std::holds_alternative<meta::Conflict>(outcome)) {
    return fail(Code::kNotFound, About::kUpload, "the upload was cancelled while it was finished");
  }
  auto published = context.blobs.publish(state_.id, digest);
  if (published) return {};
  // Bytes whose sync failed are not to be trusted again. No commit names them, so all of it goes; the record
  // last, so that recover() finds what fails here.
  ended_ = true;
  if (context.blobs.remove(context.blobs.id_for(state_.id, digest)) && context.blobs.discard(state_.id)) {
    meta::Batch forget;
    forget.durability = meta::Durability::kProcessDeath;
    erase_record(forget, meta::Table::kUploads, keys::upload(state_.id));
    (void)context.meta.commit(std::move(forget));
  }
  return published;
}

Result<void> Upload::finish(const Digest& digest) {
  Uploads& uploads = uploads_;
  LAMINA_ASSIGN(const StagedBlob staged, stage(digest));
  bool in_doubt = false;
  const auto build = [&]() -> Result<meta::Batch> {
    meta::Batch batch;
    LAMINA_TRY(uploads.blobs_.add(batch, state_.repository, staged, uploads.context_.options.lease));
    return batch;
  };
  const auto committed = commit_with(uploads.context_, build, &in_doubt);
  if (committed) {
    uploads.blobs_.settle(staged);
  } else {
    uploads.blobs_.abandon(staged, in_doubt);
  }
  leave(std::nullopt);
  if (!committed) return std::unexpected(committed.error());
  return {};
}

}  // namespace lamina::store
