// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/headers.h"
#include "lamina/result.h"

namespace lamina::http {

template <class T>
using Task = boost::asio::awaitable<T>;

/// The head of a request, already checked against http/limits.h and RFC 9112.
struct Request {
  std::string method;  ///< As sent: "GET".
  std::string target;  ///< As sent, percent-encoded.
  /// Path segments are decoded once; a path with an encoded '/', NUL or dot segment never gets here (400).
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  ///< Decoded, in order; '+' stays '+'.
  Headers headers;
  std::optional<std::uint64_t> content_length;  ///< Absent for chunked; 0 where there is no body.
  std::string peer;                             ///< "127.0.0.1:40312"

  std::optional<std::string_view> query_value(std::string_view name) const;
};

/// Not an aggregate on purpose: one that is made inside a co_await expression, GCC 12 destroys twice.
struct Response {
  Response() = default;
  Response(unsigned its_status, Headers its_headers, std::string its_body)
      : status(its_status), headers(std::move(its_headers)), body(std::move(its_body)) {}

  unsigned status = 200;
  Headers headers;   ///< Content-Length, Date and Connection are the connection's business.
  std::string body;  ///< Left out for HEAD, counted all the same.
};

/// One request and its answer. Used by one coroutine, on the executor that it began on. Exactly one of
/// respond() and begin() is called; a handler that returns without either is answered 500. A body that the
/// handler did not read is skipped up to a limit, else the connection is closed.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;

  /// Bytes of the request body into `buffer`; 0 at its end. Sends `100 Continue` on the first call where the
  /// client waits for it. kCancelled: the client vanished, stalled too long or broke the framing; the
  /// connection then answers in the handler's place, if anyone is left to hear it, and respond() fails.
  virtual Task<Result<std::size_t>> read(std::span<std::byte> buffer) = 0;

  virtual Task<Result<void>> respond(Response response) = 0;
  /// Announces `content_length` bytes; the head leaves with the first of them (a HEAD request ends here;
  /// write() is not called).
  virtual Task<Result<void>> begin(Response head, std::uint64_t content_length) = 0;
  /// Part of the announced body.
  virtual Task<Result<void>> write(std::span<const std::byte> bytes) = 0;
  /// Breaks the transfer off so that no client can take it for complete.
  virtual void abort() = 0;
};

using Handler = std::function<Task<void>(Exchange&)>;

}  // namespace lamina::http
