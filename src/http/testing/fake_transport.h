// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "http/transport.h"

namespace lamina::http::testing {

/// A request as the fake saw it, with its whole body.
struct Sent {
  std::string method;
  std::string url;
  Headers headers;
  std::string body;
  std::string line() const { return method + " " + url; }
  std::string header(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
};

/// An answer. `cut`: the connection breaks after so many bytes of the body; `refused`: before the answer.
struct Answer {
  unsigned status = 200;
  Headers headers = {};
  std::string body = {};
  std::optional<std::size_t> cut = std::nullopt;
  bool refused = false;
};

/// Answers with what a function returns, and keeps all requests. A body is read to its end before the
/// function is asked. Thread-safe: one request at a time reaches the function.
class FakeTransport final : public Transport {
 public:
  using Handler = std::function<Answer(const Sent&)>;
  explicit FakeTransport(Handler handler) : handler_(std::move(handler)) {}
  /// The answers in order, one a request; more requests than answers are a connection refused.
  explicit FakeTransport(std::vector<Answer> script);

  Result<HttpResponse> perform(const HttpRequest& request, Body* body, ResponseSink* sink) override;

  std::vector<Sent> sent() const;
  /// `METHOD url` of each request.
  std::vector<std::string> lines() const;

 private:
  const Handler handler_;
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;  // Guarded by mutex_.
};

}  // namespace lamina::http::testing
