// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "http/stream.h"

namespace lamina::http {

/// A stream with the bytes that were read ahead, and the moment by which the operation under way must have
/// moved something. Used on one thread.
class Wire {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr Time kNever = Time::max();
  static constexpr std::size_t kMaxBuffer = 64 * 1024;

  explicit Wire(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  /// Read, not yet consumed.
  std::span<const std::byte> buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
  std::string_view buffered_text() const;
  void consume(std::size_t bytes);

  /// Waits until there is something to read; holds no memory where nothing is buffered.
  Task<Io> readable(Time deadline);
  /// Reads more into the buffer, which may grow to `capacity` bytes and must not be full.
  Task<Io> fill(std::size_t capacity, Time deadline);
  /// Reads past the buffer, which must be empty.
  Task<Moved> read_some(std::span<std::byte> into, Time deadline);
  /// Sends all of both; the deadline is `stall` after the last byte that moved.
  Task<Io> write(std::span<const std::byte> first, std::span<const std::byte> second,
                 std::chrono::seconds stall);
  /// Ends sending, then reads and drops what the peer still sends, until it ends or `deadline`. Without this,
  /// closing over unread bytes would make the peer's system throw away an answer it has not yet read.
  Task<void> linger(Time deadline);

  /// Cancels the operation under way where its deadline has passed.
  void expire(Time now);
  /// Cancels the operation under way, if any.
  void cancel() { stream_->cancel(); }
  /// Breaks the connection off; every later operation fails.
  void reset();
  bool broken() const { return broken_; }

 private:
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  Time deadline_ = kNever;
  bool broken_ = false;
};

}  // namespace lamina::http
