// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.h"

#include <algorithm>
#include <cstring>

#include "http/syntax.h"

namespace lamina::http {

namespace {

constexpr std::size_t kMaxChunkLine = 256;
constexpr std::size_t kMaxTrailers = 8 * 1024;

std::unexpected<Fault> broken(const char* reason) {
  return std::unexpected(Fault{.status = 400, .reason = std::string("broken chunked body: ") + reason});
}

}  // namespace

std::expected<ChunkedDecoder::Step, Fault> ChunkedDecoder::decode(std::span<const std::byte> in,
                                                                  std::span<std::byte> out) {
  Step step;
  while (step.consumed < in.size() && state_ != State::kDone) {
    if (state_ != State::kData) {
      auto taken = take(static_cast<char>(in[step.consumed]));
      if (!taken) return std::unexpected(taken.error());
      ++step.consumed;
      continue;
    }
    auto length = static_cast<std::size_t>(
        std::min<std::uint64_t>({left_, in.size() - step.consumed, out.size() - step.produced}));
    if (length == 0) break;
    std::memcpy(out.data() + step.produced, in.data() + step.consumed, length);
    step.consumed += length;
    step.produced += length;
    left_ -= length;
    if (left_ == 0) state_ = State::kDataCr;
  }
  return step;
}

std::expected<void, Fault> ChunkedDecoder::count_line_byte(std::size_t limit) {
  if (++line_ > limit) return broken("a line is too long");
  return {};
}

std::expected<void, Fault> ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::kSizeStart:
    case State::kSize:
      if (int digit = hex_value(c); digit >= 0) {
        if (left_ >> 59U != 0) return broken("a chunk is larger than any file");
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        state_ = State::kSize;
        return count_line_byte(kMaxChunkLine);
      }
      if (state_ == State::kSizeStart) return broken("a chunk does not begin with its size");
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (c == ';' || c == ' ' || c == '\t') {
        state_ = State::kExtension;
      } else {
        return broken("a chunk's size is not a hexadecimal number");
      }
      return {};
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
        return {};
      }
      if (!is_field_value({&c, 1})) return broken("a control character in a chunk extension");
      return count_line_byte(kMaxChunkLine);
    case State::kSizeLf:
      if (c != '\n') return broken("a line ends without LF");
      line_ = 0;
      state_ = left_ == 0 ? State::kTrailerStart : State::kData;
      return {};
    case State::kDataCr:
      if (c != '\r') return broken("a chunk is longer than its size");
      state_ = State::kDataLf;
      return {};
    case State::kDataLf:
      if (c != '\n') return broken("a line ends without LF");
      state_ = State::kSizeStart;
      return {};
    case State::kTrailerStart:
    case State::kTrailer:
      if (c == '\r') {
        state_ = state_ == State::kTrailerStart ? State::kEndLf : State::kTrailerLf;
        return {};
      }
      if (!is_field_value({&c, 1})) return broken("a control character in a trailer field");
      state_ = State::kTrailer;
      return count_line_byte(kMaxTrailers);
    case State::kTrailerLf:
      if (c != '\n') return broken("a line ends without LF");
      state_ = State::kTrailerStart;
      return count_line_byte(kMaxTrailers);
    case State::kEndLf:
      if (c != '\n') return broken("a line ends without LF");
      state_ = State::kDone;
      return {};
    case State::kData:
    case State::kDone: break;
  }
  return {};
}

}  // namespace lamina::http
