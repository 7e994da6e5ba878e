// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "http/fault.h"

namespace lamina::http {

/// Decodes a body in the chunked coding (RFC 9112, section 7.1). Chunk extensions and trailer fields are
/// dropped; both are bounded. Pure: fed with bytes.
class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  ///< Of `in`.
    std::size_t produced = 0;  ///< Into `out`.
  };

  /// Decodes until `in` is used up, `out` is full, or the body has ended. Fails where the coding is broken;
  /// the decoder is then of no further use.
  std::expected<Step, Fault> decode(std::span<const std::byte> in, std::span<std::byte> out);
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State : std::uint8_t {
    kSizeStart,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone
  };
  std::expected<void, Fault> take(char c);
  std::expected<void, Fault> count_line_byte(std::size_t limit);

  State state_ = State::kSizeStart;
  std::uint64_t left_ = 0;  ///< Of the chunk.
  std::size_t line_ = 0;    ///< Bytes of the chunk's first line, or of all trailers.
};

}  // namespace lamina::http
