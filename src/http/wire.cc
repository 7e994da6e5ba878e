// SPDX-License-Identifier: Apache-2.0
#include "http/wire.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lamina::http {

namespace {

constexpr std::size_t kFirstBuffer = 4 * 1024;

}  // namespace

std::string_view Wire::buffered_text() const {
  auto bytes = buffered();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Wire::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

Task<Io> Wire::readable(Time deadline) {
  if (broken_) co_return Io::kBroken;
  if (begin_ != end_) co_return Io::kOk;
  buffer_.reset();
  capacity_ = 0;
  deadline_ = deadline;
  Io io = co_await stream_->readable();
  deadline_ = kNever;
  co_return broken_ ? Io::kBroken : io;
}

Task<Io> Wire::fill(std::size_t capacity, Time deadline) {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_ || (end_ == 0 && capacity_ < capacity)) {
    // A second read in a row into an empty buffer is a body: give it all the room at once.
    std::size_t grown = end_ == 0 && capacity_ > 0 ? capacity : std::max(capacity_ * 2, kFirstBuffer);
    grown = std::min(grown, capacity);
    auto larger = std::make_unique_for_overwrite<std::byte[]>(grown);
    if (end_ > 0) std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    capacity_ = grown;
  }
  auto moved = co_await read_some({buffer_.get() + end_, capacity_ - end_}, deadline);
  end_ += moved.bytes;
  co_return moved.io;
}

Task<Moved> Wire::read_some(std::span<std::byte> into, Time deadline) {
  if (broken_) co_return Moved{.io = Io::kBroken};
  deadline_ = deadline;
  auto moved = co_await stream_->read_some(into);
  deadline_ = kNever;
  if (broken_) moved.io = Io::kBroken;
  co_return moved;
}

Task<Io> Wire::write(std::span<const std::byte> first, std::span<const std::byte> second,
                     std::chrono::seconds stall) {
  while (!first.empty() || !second.empty()) {
    if (broken_) co_return Io::kBroken;
    deadline_ = std::chrono::steady_clock::now() + stall;
    auto moved = co_await stream_->write_some(first, second);
    deadline_ = kNever;
    if (broken_) co_return Io::kBroken;
    if (moved.io != Io::kOk) co_return moved.io;
    auto from_first = std::min(moved.bytes, first.size());
    first = first.subspan(from_first);
    second = second.subspan(moved.bytes - from_first);
  }
  co_return Io::kOk;
}

Task<void> Wire::linger(Time deadline) {
  if (broken_) co_return;
  stream_->finish();
  begin_ = end_ = 0;
  Io io = Io::kOk;
  while (io == Io::kOk && std::chrono::steady_clock::now() < deadline) {
    io = co_await fill(kMaxBuffer, deadline);
    begin_ = end_ = 0;
  }
}

void Wire::expire(Time now) {
  if (now >= deadline_) stream_->cancel();
}

void Wire::reset() {
  broken_ = true;
  stream_->reset();
}

}  // namespace lamina::http
