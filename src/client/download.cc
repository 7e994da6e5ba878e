// SPDX-License-Identifier: Apache-2.0
#include "client/download.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "client/file.h"
#include "http/syntax.h"

namespace lamina::client {
namespace {

constexpr unsigned kPartialContent = 206;

std::string range_header(std::uint64_t first, std::optional<std::uint64_t> last) {
  return "bytes=" + std::to_string(first) + "-" + (last ? std::to_string(*last) : std::string());
}

/// First byte of `Content-Range: bytes 100-199/200`.
std::optional<std::uint64_t> range_start(const Headers& headers) {
  std::string_view field = headers.find("Content-Range").value_or("");
  if (!field.starts_with("bytes ")) return std::nullopt;
  field.remove_prefix(6);
  std::uint64_t start = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), start);
  if (error != std::errc() || end == field.data() + field.size() || *end != '-') return std::nullopt;
  return start;
}

Call blob_call(Remote& remote, const BlobName& blob) {
  if (!blob.repository) return remote.call("GET", blob.path, nullptr, Access::kPull);
  return remote.call("GET", "/v2/" + blob.repository->str() + "/blobs/" + blob.digest.to_string(),
                     &*blob.repository, Access::kPull);
}

Error wrong_size(const BlobName& blob, const std::string& found) {
  return {
      Code::kMismatch, About::kSize,
      "expected " + std::to_string(*blob.size) + " bytes of " + blob.digest.to_string() + ", found " + found};
}

/// Takes bytes of a blob from any number of answers and passes on those from `next` to `end` once.
class ResumingSink final : public ResponseSink {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte>)>;
  ResumingSink(const BlobName& blob, std::uint64_t first, std::optional<std::uint64_t> end, bool ranged,
               Take take)
      : blob_(blob), next_(first), end_(end), ranged_(ranged), take_(std::move(take)) {}

  Result<void> begin(unsigned status, const Headers& headers) override {
    skip_ = 0;
    if (const auto etag = headers.find("ETag"); etag && etag->starts_with('"')) etag_ = *etag;
    if (status == kPartialContent) {
      const auto start = range_start(headers);
      if (start == next_) return {};
      return fail(
          Code::kMismatch, About::kRange,
          "asked for " + blob_.digest.to_string() + " from byte " + std::to_string(next_) + " on, found " +
              (start ? "them from " + std::to_string(*start) : std::string("a range without a position")));
    }
    if (ranged_) return fail(Code::kUnsupported, About::kRange, "the registry does not serve ranges");
    skip_ = next_;  // The whole again: what was passed on already is left out.
    return {};
  }

  Result<void> write(std::span<const std::byte> bytes) override {
    received += bytes.size();
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    bytes = bytes.subspan(skipped);
    if (end_ && next_ + bytes.size() > *end_) return std::unexpected(wrong_size(blob_, "more"));
    LAMINA_TRY(take_(bytes));
    next_ += bytes.size();
    return {};
  }

  /// How to go on after a break.
  Result<Repeat> resume(HttpRequest& request) {
    const bool moved = next_ > seen_;
    seen_ = next_;
    Headers headers;
    for (const auto& [name, value] : request.headers) {
      if (!http::same_name(name, "Range") && !http::same_name(name, "If-Range")) headers.add(name, value);
    }
    if (next_ > 0 || ranged_) {
      headers.add("Range", range_header(next_, ranged_ ? std::optional(*end_ - 1) : std::nullopt));
      if (!etag_.empty()) headers.add("If-Range", etag_);
    }
    request.headers = std::move(headers);
    return moved ? Repeat::kProgressed : Repeat::kYes;
  }

  std::uint64_t next() const { return next_; }

  std::uint64_t received = 0;

 private:
  const BlobName& blob_;
  std::uint64_t next_;
  const std::optional<std::uint64_t> end_;
  const bool ranged_;
  const Take take_;
  std::uint64_t skip_ = 0;
  std::uint64_t seen_ = 0;
  std::string etag_;
};

/// Bytes [first, end) by one request and its repetitions.
Result<std::uint64_t> fetch(Remote& remote, const BlobName& blob, std::uint64_t first,
                            std::optional<std::uint64_t> end, bool ranged, ResumingSink::Take take) {
  ResumingSink sink(blob, first, end, ranged, std::move(take));
  Call get = blob_call(remote, blob);
  if (ranged) get.request.headers.add("Range", range_header(first, *end - 1));
  get.sink = &sink;
  get.before_repeat = [&](HttpRequest& request) { return sink.resume(request); };
  LAMINA_TRY(remote.send(std::move(get)));
  if (end && sink.next() != *end) return std::unexpected(wrong_size(blob, std::to_string(sink.next())));
  return sink.received;
}

Result<void> check_digest(const BlobName& blob, const Digest& found) {
  if (found == blob.digest) return {};
  return fail(
      Code::kMismatch, About::kDigest,
      "expected content with digest " + blob.digest.to_string() + ", the registry sent " + found.to_string());
}

/// A large blob by several threads, each taking the next segment.
class ParallelDownload {
 public:
  ParallelDownload(Session session, Remote& remote, const BlobName& blob, int fd)
      : session_(session), remote_(remote), blob_(blob), fd_(fd) {}

  /// kUnsupported about kRange where the registry answers a range with the whole; nothing of use is in the
  /// file then.
  Result<std::uint64_t> run() {
    LAMINA_TRY(fetch_segment(0));
    next_ = 1;
    {
      std::vector<std::jthread> threads;
      threads.reserve(kParallelRanges);
      for (unsigned i = 0; i < kParallelRanges; ++i) threads.emplace_back([this] { work(); });
    }
    if (error_) return std::unexpected(*std::move(error_));
    return received_.load();
  }

 private:
  void work() {
    const std::uint64_t segments = (*blob_.size + kSegment - 1) / kSegment;
    while (!failed_) {
      const std::uint64_t segment = next_++;
      if (segment >= segments) return;
      if (auto fetched = fetch_segment(segment); !fetched) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::move(fetched).error();
        failed_ = true;
      }
    }
  }

  Result<void> fetch_segment(std::uint64_t segment) {
    const std::uint64_t first = segment * kSegment;
    std::uint64_t at = first;
    LAMINA_ASSIGN(const std::uint64_t received,
                  fetch(remote_, blob_, first, std::min(first + kSegment, *blob_.size), true,
                        [&](std::span<const std::byte> bytes) -> Result<void> {
                          if (failed_) return fail(Code::kCancelled, "another range failed");
                          LAMINA_TRY(write_at(fd_, bytes, at));
                          at += bytes.size();
                          return session_.reporter.report({.phase = Progress::Phase::kDownloading,
                                                           .what = blob_.digest.to_string(),
                                                           .done = done_ += bytes.size(),
                                                           .total = blob_.size});
                        }));
    received_ += received;
    return {};
  }

  const Session session_;
  Remote& remote_;
  const BlobName& blob_;
  const int fd_;
  std::atomic<std::uint64_t> next_ = 0;  ///< Segment.
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::optional<Error> error_;  ///< The first. Guarded by mutex_.
};

Result<void> report_end(Session session, const BlobName& blob, std::uint64_t size) {
  return session.reporter.report({.phase = Progress::Phase::kDownloading,
                                  .what = blob.digest.to_string(),
                                  .done = size,
                                  .total = size,
                                  .finished = true});
}

}  // namespace

Result<std::optional<std::uint64_t>> blob_size(Remote& remote, const RepositoryName& repository,
                                               const Digest& digest) {
  Call head = blob_call(remote, {.repository = repository, .digest = digest, .size = {}});
  head.request.method = "HEAD";
  const auto response = remote.send(std::move(head));
  // An answer to HEAD cannot say whether the blob is unknown or damaged; that to GET does.
  if (!response && response.error().code == Code::kNotFound) return std::nullopt;
  if (!response) return std::unexpected(response.error());
  const auto field = response->headers.find("Content-Length");
  std::uint64_t size = 0;
  if (!field || std::from_chars(field->data(), field->data() + field->size(), size).ec != std::errc())
    return std::nullopt;
  return size;
}

Result<std::uint64_t> download(Session session, Remote& remote, const BlobName& blob, Sink& sink) {
  Hasher hasher(blob.digest.algorithm());
  std::uint64_t done = 0;
  LAMINA_ASSIGN(
      const std::uint64_t received,
      fetch(remote, blob, 0, blob.size, false, [&](std::span<const std::byte> bytes) -> Result<void> {
        hasher.update(bytes);
        done += bytes.size();
        LAMINA_TRY(sink.write(bytes));
        return session.reporter.report({.phase = Progress::Phase::kDownloading,
                                        .what = blob.digest.to_string(),
                                        .done = done,
                                        .total = blob.size});
      }));
  LAMINA_TRY(check_digest(blob, hasher.digest()));
  LAMINA_TRY(report_end(session, blob, done));
  return received;
}

Result<std::uint64_t> download_to_file(Session session, Remote& remote, const BlobName& blob, int fd) {
  if (blob.size && *blob.size > kParallelFrom) {
    auto received = ParallelDownload(session, remote, blob, fd).run();
    if (received) {
      LAMINA_ASSIGN(const Digest found, digest_of_file(fd, blob.digest.algorithm()));
      LAMINA_TRY(check_digest(blob, found));
      LAMINA_TRY(report_end(session, blob, *blob.size));
      return *received;
    }
    if (received.error().code != Code::kUnsupported || received.error().about != About::kRange)
      return received;
  }
  FdSink sink(fd);
  return download(session, remote, blob, sink);
}

}  // namespace lamina::client
