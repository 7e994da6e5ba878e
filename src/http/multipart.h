// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "lamina/result.h"

namespace lamina::http {

/// Reads a multipart/related body of two parts (RFC 2387, RFC 2046 section 5.1): a small document, kept
/// here, and a stream of any length, passed on piece by piece. Pure: fed with bytes, bounded memory.
class MultipartReader {
 public:
  /// kInvalid where the Content-Type is not multipart/related with a boundary that RFC 2046 allows.
  /// `first_limit`: bytes of the first part.
  static Result<MultipartReader> create(std::string_view content_type, std::size_t first_limit);

  enum class Event : std::uint8_t {
    kMore,    ///< All of the input is used up: feed more.
    kFirst,   ///< first_headers() and first_body() are whole.
    kSecond,  ///< second_headers() are whole.
    kData,    ///< Bytes of the second part, valid until the next call or the end of the input's life.
    kEnd,     ///< Both parts are whole. What follows in the body means nothing.
  };
  struct Step {
    Event event = Event::kMore;
    std::span<const std::byte> data;
  };

  /// Takes what it needs off the front of `input`. kInvalid: not such a body; kTooLarge: the first part or
  /// a part's header passes its limit. After an error or kEnd the reader is of no further use.
  Result<Step> step(std::span<const std::byte>& input);
  /// The body has ended: kInvalid unless kEnd was reached, since the second part is then cut short.
  Result<void> finish() const;

  const Headers& first_headers() const { return headers_[0]; }
  const std::string& first_body() const { return first_body_; }
  const Headers& second_headers() const { return headers_[1]; }

 private:
  enum class State : std::uint8_t { kPreamble, kDelimiterTail, kDelimiterLf, kClose, kHeader, kBody, kDone };

  MultipartReader(std::string delimiter, std::size_t first_limit);
  Result<Step> scan(std::span<const std::byte>& input);
  Result<Step> on_delimiter();
  Result<Step> take_tail(char c);
  Result<Step> take_header(char c);
  Result<void> keep(std::span<const std::byte> data);

  std::string delimiter_;  ///< CRLF, two hyphens, boundary.
  std::size_t first_limit_;
  State state_ = State::kPreamble;
  std::size_t matched_;   ///< Bytes of the delimiter that the last input ended with.
  std::size_t borrowed_;  ///< Of these, how many belong to what came before and are never data.
  std::size_t part_ = 0;  ///< Parts begun; 1 in the first.
  std::size_t preamble_ = 0;
  std::string header_;
  std::array<Headers, 2> headers_;
  std::string first_body_;
};

}  // namespace lamina::http
