// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "http/chunked.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/site.h"
#include "http/wire.h"

namespace lamina::http {

/// One request on a connection and its answer.
class ServerExchange final : public Exchange {
 public:
  ServerExchange(Wire& wire, Site& site, Head head);

  const Request& request() const override { return head_.request; }
  Task<Result<std::size_t>> read(std::span<std::byte> buffer) override;
  Task<Result<void>> respond(Response response) override;
  Task<Result<void>> begin(Response head, std::uint64_t content_length) override;
  Task<Result<void>> write(std::span<const std::byte> bytes) override;
  void abort() override;

  enum class After : std::uint8_t {
    kNext,    ///< The connection can carry another request.
    kLinger,  ///< Close it, but let the client take the answer first.
    kClose,
  };
  /// After the handler has returned: completes what it left undone, reads what it left unread.
  Task<After> finish();

 private:
  enum class Answer : std::uint8_t { kNone, kStreaming, kDone, kAborted };

  Task<Result<std::size_t>> read_sized(std::span<std::byte> buffer);
  Task<Result<std::size_t>> read_chunked(std::span<std::byte> buffer);
  /// The body cannot be read on; remembers what to answer.
  std::unexpected<Error> body_broken(Io io);
  std::unexpected<Error> body_broken(Fault fault);
  Result<void> may_answer() const;
  /// Head of an answer; settles whether the connection goes on after it.
  std::optional<std::string> make_head(const Response& response, std::uint64_t content_length);
  Task<Result<void>> send(std::string head, std::span<const std::byte> body);
  Task<bool> skip_body();

  Wire& wire_;
  Site& site_;
  Head head_;

  std::uint64_t body_left_ = 0;  ///< Of a body with a length.
  ChunkedDecoder chunked_;
  bool body_done_ = false;
  bool owes_continue_ = false;
  std::optional<Fault> fault_;  ///< Of the body; answered in place of whatever the handler says.

  Answer answer_ = Answer::kNone;
  bool keep_alive_ = true;
  std::string held_head_;          ///< From begin(), to go out together with the first bytes.
  std::uint64_t answer_left_ = 0;  ///< Announced, not yet written.
};

}  // namespace lamina::http
