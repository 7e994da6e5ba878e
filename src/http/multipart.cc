// SPDX-License-Identifier: Apache-2.0
#include "http/multipart.h"

#include <algorithm>
#include <utility>

#include "http/media_type.h"
#include "http/syntax.h"

namespace lamina::http {

namespace {

constexpr std::size_t kMaxPreamble = 4 * 1024;
constexpr std::size_t kMaxPartHeader = 8 * 1024;
constexpr std::string_view kLineEnd = "\r\n";

std::unexpected<Error> malformed(const char* what) {
  return fail(Code::kInvalid, std::string("malformed multipart body: ") + what);
}

/// RFC 2046, section 5.1.1.
bool is_boundary(std::string_view text) {
  return !text.empty() && text.size() <= 70 && text.back() != ' ' && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
           std::string_view("'()+_,-./:=? ").contains(c);
  });
}

Result<Headers> parse_part_header(std::string_view text) {
  Headers headers;
  while (!text.empty()) {
    auto line = text.substr(0, text.find(kLineEnd));
    text.remove_prefix(line.size() + kLineEnd.size());
    auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_field_value(line)) {
      return malformed("a part's header line is not `Name: value`");
    }
    headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  return headers;
}

}  // namespace

Result<MultipartReader> MultipartReader::create(std::string_view content_type, std::size_t first_limit) {
  LAMINA_ASSIGN(auto type, parse_media_type(content_type));
  auto boundary = type.parameter("boundary");
  if (type.essence != "multipart/related" || !boundary || !is_boundary(*boundary)) {
    return fail(Code::kInvalid,
                "expected Content-Type multipart/related with a boundary of 1 to 70 characters");
  }
  return MultipartReader("\r\n--" + std::string(*boundary), first_limit);
}

MultipartReader::MultipartReader(std::string delimiter, std::size_t first_limit)
    : delimiter_(std::move(delimiter)),
      first_limit_(first_limit),
      matched_(kLineEnd.size()),  // The first delimiter needs no line end before it.
      borrowed_(kLineEnd.size()) {}

Result<MultipartReader::Step> MultipartReader::step(std::span<const std::byte>& input) {
  while (!input.empty() && state_ != State::kDone) {
    Result<Step> step;
    if (state_ == State::kPreamble || state_ == State::kBody) {
      step = scan(input);
    } else {
      auto c = static_cast<char>(input.front());
      input = input.subspan(1);
      step = state_ == State::kHeader ? take_header(c) : take_tail(c);
    }
    if (!step || step->event != Event::kMore) return step;
  }
  return Step{.event = state_ == State::kDone ? Event::kEnd : Event::kMore, .data = {}};
}

/// Moves through a part's bytes, or those before the first part, up to the next delimiter. CR stands only
/// at the start of the delimiter, so after a mismatch no shorter match can be under way.
Result<MultipartReader::Step> MultipartReader::scan(std::span<const std::byte>& input) {
  std::span<const std::byte> data;
  if (matched_ > 0) {
    std::size_t taken = 0;
    while (taken < input.size() && matched_ < delimiter_.size() &&
           static_cast<char>(input[taken]) == delimiter_[matched_]) {
      ++taken;
      ++matched_;
    }
    input = input.subspan(taken);
    if (matched_ == delimiter_.size()) return on_delimiter();
    if (input.empty()) return Step{};
    // It was none: what was held back is data, and equal to this much of the delimiter.
    data = std::as_bytes(std::span(delimiter_)).first(std::exchange(matched_, 0));
    data = data.subspan(std::exchange(borrowed_, 0));
  } else {
    auto cr = std::ranges::find(input, std::byte{'\r'});
    auto before = static_cast<std::size_t>(cr - input.begin());
    data = input.first(before);
    if (cr != input.end()) matched_ = 1;
    input = input.subspan(before + matched_);
  }
  if (data.empty()) return Step{};
  if (state_ == State::kPreamble) {
    preamble_ += data.size();
    if (preamble_ > kMaxPreamble) return malformed("no part begins");
    return Step{};
  }
  if (part_ == 2) return Step{.event = Event::kData, .data = data};
  LAMINA_TRY(keep(data));
  return Step{};
}

Result<void> MultipartReader::keep(std::span<const std::byte> data) {
  if (data.size() > first_limit_ - first_body_.size()) {
    return fail(Code::kTooLarge, "the first part is longer than " + std::to_string(first_limit_) + " bytes");
  }
  first_body_.append(reinterpret_cast<const char*>(data.data()), data.size());
  return {};
}

Result<MultipartReader::Step> MultipartReader::on_delimiter() {
  matched_ = borrowed_ = 0;
  const bool first_is_whole = state_ == State::kBody && part_ == 1;
  state_ = State::kDelimiterTail;
  return Step{.event = first_is_whole ? Event::kFirst : Event::kMore, .data = {}};
}

/// What follows a delimiter on its line: nothing but white space, or two hyphens after the last part.
Result<MultipartReader::Step> MultipartReader::take_tail(char c) {
  switch (state_) {
    case State::kDelimiterTail:
      if (c == ' ' || c == '\t') return Step{};
      if (c == '\r') {
        state_ = State::kDelimiterLf;
      } else if (c == '-') {
        state_ = State::kClose;
      } else {
        return malformed(c == '\n' ? "a line ends with LF alone; lines of a multipart body end with CR LF"
                                   : "a boundary is followed by other text");
      }
      return Step{};
    case State::kDelimiterLf:
      if (c != '\n') return malformed("a line ends without LF");
      if (++part_ > 2) return malformed("it has more than two parts");
      state_ = State::kHeader;
      return Step{};
    default:
      if (c != '-') return malformed("a boundary is followed by other text");
      if (part_ < 2) return malformed("it has fewer than two parts");
      state_ = State::kDone;
      return Step{.event = Event::kEnd, .data = {}};
  }
}

Result<MultipartReader::Step> MultipartReader::take_header(char c) {
  header_ += c;
  if (header_.size() > kMaxPartHeader) return fail(Code::kTooLarge, "a part's header is longer than 8 KiB");
  if (header_ != kLineEnd && !header_.ends_with("\r\n\r\n")) return Step{};
  auto text = std::exchange(header_, {});
  LAMINA_ASSIGN(headers_[part_ - 1], parse_part_header(std::string_view(text).substr(0, text.size() - 2)));
  state_ = State::kBody;
  // The line end that closes the header may be the one that begins the next delimiter.
  matched_ = borrowed_ = kLineEnd.size();
  return Step{.event = part_ == 2 ? Event::kSecond : Event::kMore, .data = {}};
}

Result<void> MultipartReader::finish() const {
  if (state_ == State::kDone) return {};
  return malformed("it ends before its last boundary");
}

}  // namespace lamina::http
