// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/headers.h"
#include "lamina/result.h"
#include "lamina/stream.h"

namespace lamina::http {

/// The body of a request that is sent.
class Body : public Source {
 public:
  /// Sent as Content-Length; without it the body goes in chunks.
  virtual std::optional<std::uint64_t> size() const = 0;
  /// Goes back to the first byte. False where that is not possible: the request then cannot be repeated.
  virtual Result<bool> rewind() = 0;
  /// All of it, where it is in memory: that spares copies and system calls. Valid as long as the body.
  virtual std::optional<std::string_view> bytes() const { return std::nullopt; }
};

class StringBody final : public Body {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  Result<bool> rewind() override;
  std::optional<std::string_view> bytes() const override { return bytes_; }

 private:
  const std::string bytes_;
  std::size_t at_ = 0;
};

/// Takes the body of a successful (2xx) answer as it arrives.
class ResponseSink : public Sink {
 public:
  /// Called once before the first write() with the status and headers of the answer.
  virtual Result<void> begin(unsigned status, const Headers& headers) = 0;
};

struct HttpRequest {
  std::string method;
  std::string url;  ///< Absolute, http or https.
  Headers headers;
  /// Gives up where no byte moves for so long; zero: as the transport was told.
  std::chrono::seconds stall_timeout{0};
  /// Ends the request with kCancelled within about a second.
  std::stop_token stop = {};
};

struct HttpResponse {
  unsigned status = 0;
  Headers headers;
  /// The body where no sink was given or the status is not 2xx, cut at kMaxBufferedBody.
  std::string body;
};

/// Above the 4 MiB of a manifest, so that one that is too large is seen as such.
inline constexpr std::size_t kMaxBufferedBody = 8 * 1024 * 1024;

/// Sends one request and receives its answer, without following redirects or repeating anything.
/// Thread-safe: one request may be in progress on each thread.
class Transport {
 public:
  virtual ~Transport() = default;
  /// `body` and `sink` may be null. Any status is a success. Errors: kUnavailable where the network failed
  /// before the answer was complete; kUnauthorized where TLS was refused (a certificate that is not trusted);
  /// what `body` or `sink` fail with comes back unchanged.
  virtual Result<HttpResponse> perform(const HttpRequest& request, Body* body, ResponseSink* sink) = 0;
};

}  // namespace lamina::http
