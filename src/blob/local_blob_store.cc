// SPDX-License-Identifier: Apache-2.0
#include "blob/local_blob_store.h"

#include <algorithm>
#include <utility>

namespace lamina::blob {
namespace {

constexpr std::array kAlgorithms = {Algorithm::kSha256, Algorithm::kSha512};

class FileReader final : public Reader {
 public:
  FileReader(std::unique_ptr<fs::File> file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    return file_->read_at(offset, buffer);
  }

 private:
  std::unique_ptr<fs::File> file_;
  std::uint64_t size_;
};

class FileAppender final : public Appender {
 public:
  FileAppender(std::unique_ptr<fs::File> file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  Result<void> append(std::span<const std::byte> bytes) override {
    auto written = file_->write_at(size_, bytes);
    if (!written) {
      // A part of the bytes may be there; an upload holds what was acknowledged. Where this fails too,
      // the next append() writes over them.
      (void)file_->truncate(size_);
      return written;
    }
    size_ += bytes.size();
    return {};
  }

 private:
  std::unique_ptr<fs::File> file_;
  std::uint64_t size_;
};

template <class T>
bool is_missing(const Result<T>& result) {
  return !result && result.error().code == Code::kNotFound;
}

/// The file, with an error of the blob store's own where it is missing.
Result<std::unique_ptr<fs::File>> found(Result<std::unique_ptr<fs::File>> file,
                                        std::unexpected<Error> missing) {
  if (is_missing(file)) return missing;
  return file;
}

std::unexpected<Error> no_upload(const UploadId& upload) {
  return fail(Code::kNotFound, About::kUpload, "upload " + upload.str() + " has no bytes: start it anew");
}

std::unexpected<Error> no_blob(const BlobId& id) {
  return fail(Code::kNotFound, About::kBlob, "there are no bytes named " + id.str());
}

Result<std::unique_ptr<Reader>> reader_of(std::unique_ptr<fs::File> file) {
  LAMINA_ASSIGN(const std::uint64_t size, file->size());
  return std::make_unique<FileReader>(std::move(file), size);
}

}  // namespace

Result<std::unique_ptr<BlobStore>> LocalBlobStore::open(fs::FileSystem& files, fs::Path root) {
  std::unique_ptr<LocalBlobStore> store(new LocalBlobStore(files, std::move(root)));
  const fs::Path blobs = store->root_ / "blobs";
  LAMINA_TRY(files.make_directory(store->uploads()));
  LAMINA_TRY(files.make_directory(blobs));
  for (const Algorithm algorithm : kAlgorithms)
    LAMINA_TRY(files.make_directory(blobs / to_string(algorithm)));
  LAMINA_TRY(files.sync_directory(blobs));
  LAMINA_TRY(files.sync_directory(store->root_));
  return store;
}

Result<std::unique_ptr<Appender>> LocalBlobStore::append(const UploadId& upload) {
  const fs::Path path = upload_path(upload);
  auto opened = files_.open_writable(path);
  if (is_missing(opened)) opened = files_.create(path);
  LAMINA_ASSIGN(std::unique_ptr<fs::File> file, std::move(opened));
  LAMINA_ASSIGN(const std::uint64_t size, file->size());
  return std::make_unique<FileAppender>(std::move(file), size);
}

Result<std::unique_ptr<Reader>> LocalBlobStore::read_upload(const UploadId& upload) {
  LAMINA_ASSIGN(auto file, found(files_.open(upload_path(upload)), no_upload(upload)));
  return reader_of(std::move(file));
}

Result<void> LocalBlobStore::discard(const UploadId& upload) {
  auto removed = files_.remove(upload_path(upload));
  if (is_missing(removed)) return {};
  return removed;
}

BlobId LocalBlobStore::id_for(const UploadId& upload, const Digest& digest) const {
  return BlobId(digest.hex() + "." + upload.str());
}

Result<void> LocalBlobStore::publish(const UploadId& upload, const Digest& digest) {
  const fs::Path source = upload_path(upload);
  const fs::Path shard = shard_path(digest.algorithm(), digest.hex());
  const fs::Path target = shard / id_for(upload, digest).str();
  LAMINA_TRY(make_shard(digest));

  // The name is the upload's own: where it is taken, an earlier call came as far as the rename.
  const auto done = files_.open(target);
  if (done) {
    LAMINA_TRY(discard(upload));
  } else if (!is_missing(done)) {
    return std::unexpected(done.error());
  } else {
    LAMINA_ASSIGN(const auto file, found(files_.open_writable(source), no_upload(upload)));
    LAMINA_TRY(file->sync());
    LAMINA_TRY(files_.rename(source, target));
  }
  // In this order, so that one of the names survives.
  LAMINA_TRY(files_.sync_directory(shard));
  return files_.sync_directory(uploads());
}

Result<std::unique_ptr<Reader>> LocalBlobStore::open(const BlobId& id) {
  const std::optional<fs::Path> path = path_of(id);
  if (!path) return no_blob(id);
  LAMINA_ASSIGN(auto file, found(files_.open(*path), no_blob(id)));
  return reader_of(std::move(file));
}

Result<void> LocalBlobStore::remove(const BlobId& id) {
  const std::optional<fs::Path> path = path_of(id);
  if (!path) return {};
  const auto removed = files_.remove(*path);
  if (!removed && !is_missing(removed)) return removed;
  // Also where it was gone: an earlier call may have failed between the two steps.
  auto synced = files_.sync_directory(path->parent_path());
  if (is_missing(synced)) return {};
  return synced;
}

Result<std::vector<BlobId>> LocalBlobStore::list(const BlobId& after, std::size_t limit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::vector<BlobId> out;
  for (std::size_t shard = 0; shard < kShards && out.size() < limit; ++shard) {
    const std::string prefix{kHex[shard / 16], kHex[shard % 16]};
    if (after.str().substr(0, 2) > prefix) continue;
    std::vector<std::string> names;
    for (const Algorithm algorithm : kAlgorithms) {
      const auto listed = files_.list(shard_path(algorithm, prefix));
      if (is_missing(listed)) continue;
      LAMINA_TRY(listed);
      names.insert(names.end(), listed->begin(), listed->end());
    }
    std::ranges::sort(names);
    for (auto name = std::ranges::upper_bound(names, after.str()); name != names.end() && out.size() < limit;
         ++name) {
      BlobId id(*name);
      if (path_of(id)) out.push_back(std::move(id));
    }
  }
  return out;
}

Result<std::vector<UploadId>> LocalBlobStore::list_uploads() {
  LAMINA_ASSIGN(const auto names, files_.list(uploads()));
  std::vector<UploadId> out;
  for (const std::string& name : names) {
    if (auto upload = UploadId::parse(name)) out.push_back(*std::move(upload));
  }
  return out;
}

fs::Path LocalBlobStore::shard_path(Algorithm algorithm, std::string_view hex) const {
  return root_ / "blobs" / to_string(algorithm) / hex.substr(0, 2);
}

std::optional<fs::Path> LocalBlobStore::path_of(const BlobId& id) const {
  const std::string_view text = id.str();
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || !UploadId::parse(text.substr(dot + 1))) return std::nullopt;
  const std::string_view hex = text.substr(0, dot);
  if (hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  for (const Algorithm algorithm : kAlgorithms) {
    if (hex.size() == 2 * digest_size(algorithm)) return shard_path(algorithm, hex) / text;
  }
  return std::nullopt;
}

Result<void> LocalBlobStore::make_shard(const Digest& digest) {
  const std::size_t of_algorithm = digest.algorithm() == Algorithm::kSha512 ? kShards : 0;
  std::atomic<bool>& ready = shard_ready_.at(of_algorithm + std::to_integer<std::size_t>(digest.raw()[0]));
  if (ready) return {};
  // Synced although the directory may be there: a crash may have come between the two steps.
  const fs::Path shard = shard_path(digest.algorithm(), digest.hex());
  LAMINA_TRY(files_.make_directory(shard));
  LAMINA_TRY(files_.sync_directory(shard.parent_path()));
  ready = true;
  return {};
}

}  // namespace lamina::blob
