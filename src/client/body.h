// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/pipe.h"
#include "client/transport.h"
#include "lamina/digest.h"

namespace lamina::client {

/// A regular file; its size is taken when it is opened and kConflict is the answer when it changes.
class FileBody final : public Body {
 public:
  static Result<std::unique_ptr<FileBody>> open(const std::filesystem::path& path);
  ~FileBody() override;
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<bool> rewind() override;

 private:
  FileBody(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  const int fd_;
  const std::filesystem::path path_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
};

/// Somebody else's source, read once.
class StreamBody final : public Body {
 public:
  StreamBody(Source& source, std::optional<std::uint64_t> size) : source_(source), size_(size) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<bool> rewind() override { return at_ == 0; }

 private:
  Source& source_;
  const std::optional<std::uint64_t> size_;
  std::uint64_t at_ = 0;
};

/// What a function writes, run on a thread of its own from the first read() on.
class ProducedBody final : public Body {
 public:
  using Producer = std::function<Result<void>(Sink&)>;
  /// `repeatable`: the producer can be run again and writes the same.
  ProducedBody(Producer producer, bool repeatable, std::optional<std::uint64_t> size = std::nullopt)
      : producer_(std::move(producer)), repeatable_(repeatable), size_(size) {}
  ~ProducedBody() override { stop(); }
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<bool> rewind() override;

 private:
  void stop();

  const Producer producer_;
  const bool repeatable_;
  const std::optional<std::uint64_t> size_;
  std::unique_ptr<Pipe> pipe_;
  std::jthread thread_;
};

/// Counts and hashes what passes; starts anew when rewound.
class HashingBody final : public Body {
 public:
  using OnProgress = std::function<Result<void>(std::uint64_t done)>;
  explicit HashingBody(Body& body, OnProgress on_progress = {}, Algorithm algorithm = Algorithm::kSha256)
      : body_(body), on_progress_(std::move(on_progress)), hasher_(algorithm) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  std::optional<std::uint64_t> size() const override { return body_.size(); }
  Result<bool> rewind() override;

  Digest digest() const { return hasher_.digest(); }
  std::uint64_t count() const { return count_; }

 private:
  Body& body_;
  const OnProgress on_progress_;
  Hasher hasher_;
  std::uint64_t count_ = 0;
};

/// `before`, then a body, then `after`.
class WrappedBody final : public Body {
 public:
  WrappedBody(std::string before, Body& body, std::string after)
      : before_size_(before.size()),
        after_size_(after.size()),
        before_(std::move(before)),
        body_(body),
        after_(std::move(after)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  std::optional<std::uint64_t> size() const override;
  Result<bool> rewind() override;

 private:
  const std::size_t before_size_;
  const std::size_t after_size_;
  StringBody before_;
  Body& body_;
  StringBody after_;
  int part_ = 0;
};

/// Reads all of `body`; returns its digest and size. `on_progress` may be empty.
struct Measured {
  Digest digest;
  std::uint64_t size = 0;
};
Result<Measured> measure(Body& body, HashingBody::OnProgress on_progress);

}  // namespace lamina::client
