// SPDX-License-Identifier: Apache-2.0
#include "http/server_exchange.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "http/response_head.h"

namespace lamina::http {

namespace {

std::unexpected<Error> client_gone() {
  return fail(Code::kCancelled, "the client is gone, or the transfer was broken off");
}

}  // namespace

ServerExchange::ServerExchange(Wire& wire, Site& site, Head head)
    : wire_(wire), site_(site), head_(std::move(head)), owes_continue_(head_.expects_continue) {
  body_left_ = head_.request.content_length.value_or(0);
  body_done_ = !head_.chunked && body_left_ == 0;
}

Task<Result<std::size_t>> ServerExchange::read(std::span<std::byte> buffer) {
  if (fault_ || wire_.broken()) co_return client_gone();
  if (buffer.empty()) co_return fail(Code::kInternal, "Exchange::read() needs room for a byte");
  if (body_done_) co_return 0;
  if (owes_continue_ && answer_ == Answer::kNone) {
    owes_continue_ = false;
    // A client that is sending already does not wait.
    if (wire_.buffered().empty()) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      auto bytes = std::as_bytes(std::span(kContinue));
      Io io = co_await wire_.write(bytes, {}, site_.options.limits.stall_timeout);
      if (io != Io::kOk) co_return body_broken(io);
    }
  }
  if (head_.chunked) co_return co_await read_chunked(buffer);
  co_return co_await read_sized(buffer);
}

Task<Result<std::size_t>> ServerExchange::read_sized(std::span<std::byte> buffer) {
  buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), body_left_)));
  std::size_t bytes = 0;
  if (auto ahead = wire_.buffered(); !ahead.empty()) {
    bytes = std::min(ahead.size(), buffer.size());
    std::memcpy(buffer.data(), ahead.data(), bytes);
    wire_.consume(bytes);
  } else {
    auto deadline = std::chrono::steady_clock::now() + site_.options.limits.stall_timeout;
    auto moved = co_await wire_.read_some(buffer, deadline);
    if (moved.io != Io::kOk) co_return body_broken(moved.io);
    bytes = moved.bytes;
  }
  body_left_ -= bytes;
  body_done_ = body_left_ == 0;
  co_return bytes;
}

Task<Result<std::size_t>> ServerExchange::read_chunked(std::span<std::byte> buffer) {
  for (;;) {
    if (wire_.buffered().empty()) {
      auto deadline = std::chrono::steady_clock::now() + site_.options.limits.stall_timeout;
      Io io = co_await wire_.fill(Wire::kMaxBuffer, deadline);
      if (io != Io::kOk) co_return body_broken(io);
    }
    auto step = chunked_.decode(wire_.buffered(), buffer);
    if (!step) co_return body_broken(std::move(step).error());
    wire_.consume(step->consumed);
    body_done_ = chunked_.done();
    if (step->produced > 0 || body_done_) co_return step->produced;
  }
}

std::unexpected<Error> ServerExchange::body_broken(Io io) {
  if (io == Io::kCancelled && !wire_.broken()) {
    return body_broken(Fault{.status = 408, .reason = "the request body stalled"});
  }
  return body_broken(Fault{.status = 400, .reason = "the request body ended before its end"});
}

std::unexpected<Error> ServerExchange::body_broken(Fault fault) {
  auto error = fail(Code::kCancelled, fault.reason);
  fault_ = std::move(fault);
  return error;
}

Result<void> ServerExchange::may_answer() const {
  if (fault_ || wire_.broken()) return client_gone();
  if (answer_ != Answer::kNone) return fail(Code::kInternal, "a second answer to one request");
  return {};
}

std::optional<std::string> ServerExchange::make_head(const Response& response, std::uint64_t content_length) {
  const bool too_much_unread = body_left_ > site_.options.limits.skip_bytes;
  // Without its 100 the client may send the body all the same or leave it out: what follows is ambiguous.
  keep_alive_ = head_.keep_alive && !site_.draining && !too_much_unread && !owes_continue_;
  ResponseFrame frame{.content_length = std::nullopt, .connection = {}, .date = site_.date.now()};
  if (has_body(response.status)) frame.content_length = content_length;
  if (!keep_alive_) {
    frame.connection = "close";
  } else if (head_.http_1_0) {
    frame.connection = "keep-alive";
  }
  return serialise_head(response, frame);
}

Task<Result<void>> ServerExchange::send(std::string head, std::span<const std::byte> body) {
  Io io = co_await wire_.write(std::as_bytes(std::span(head)), body, site_.options.limits.stall_timeout);
  if (io == Io::kOk) co_return Result<void>{};
  abort();
  co_return client_gone();
}

Task<Result<void>> ServerExchange::respond(Response response) {
  LAMINA_CO_TRY(may_answer());
  auto head = make_head(response, response.body.size());
  if (!head) {
    fault_ = Fault{.status = 500, .reason = "the answer could not be made"};
    co_return fail(Code::kInternal, "an answer with a status or a header that HTTP does not allow");
  }
  answer_ = Answer::kDone;
  std::span<const std::byte> body;
  if (has_body(response.status) && head_.request.method != "HEAD")
    body = std::as_bytes(std::span(response.body));
  co_return co_await send(*std::move(head), body);
}

Task<Result<void>> ServerExchange::begin(Response response, std::uint64_t content_length) {
  LAMINA_CO_TRY(may_answer());
  auto head = make_head(response, content_length);
  if (!head) {
    fault_ = Fault{.status = 500, .reason = "the answer could not be made"};
    co_return fail(Code::kInternal, "an answer with a status or a header that HTTP does not allow");
  }
  if (content_length == 0 || !has_body(response.status) || head_.request.method == "HEAD") {
    answer_ = Answer::kDone;
    co_return co_await send(*std::move(head), {});
  }
  answer_ = Answer::kStreaming;
  answer_left_ = content_length;
  held_head_ = *std::move(head);
  co_return Result<void>{};
}

Task<Result<void>> ServerExchange::write(std::span<const std::byte> bytes) {
  if (wire_.broken()) co_return client_gone();
  if (answer_ != Answer::kStreaming || bytes.size() > answer_left_) {
    abort();
    co_return fail(Code::kInternal, "more bytes written than the answer announced");
  }
  if (bytes.empty()) co_return Result<void>{};
  answer_left_ -= bytes.size();
  if (answer_left_ == 0) answer_ = Answer::kDone;
  co_return co_await send(std::exchange(held_head_, {}), bytes);
}

void ServerExchange::abort() {
  answer_ = Answer::kAborted;
  wire_.reset();
}

Task<ServerExchange::After> ServerExchange::finish() {
  if (answer_ == Answer::kStreaming) abort();
  if (wire_.broken()) co_return After::kClose;
  if (answer_ == Answer::kNone) {
    Fault fault = fault_.value_or(Fault{.status = 500, .reason = "the request was not answered"});
    co_await answer_fault(wire_, site_, fault);
    co_return After::kLinger;
  }
  if (keep_alive_ && co_await skip_body()) co_return After::kNext;
  co_return body_done_ ? After::kClose : After::kLinger;
}

Task<bool> ServerExchange::skip_body() {
  if (body_done_) co_return true;
  constexpr std::size_t kPiece = 16 * 1024;
  auto scratch = std::make_unique_for_overwrite<std::byte[]>(kPiece);
  std::uint64_t skipped = 0;
  while (skipped <= site_.options.limits.skip_bytes) {
    auto bytes = co_await read({scratch.get(), kPiece});
    if (!bytes) co_return false;
    if (*bytes == 0) co_return true;
    skipped += *bytes;
  }
  co_return false;
}

}  // namespace lamina::http
