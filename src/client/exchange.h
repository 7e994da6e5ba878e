// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "client/auth.h"
#include "client/transport.h"
#include "lamina/result.h"

namespace lamina::client {

/// Time and chance, passed in so that tests need neither.
struct Pacing {
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<double()> random;  ///< [0, 1)
};
Pacing system_pacing();

enum class Repeat : std::uint8_t {
  kNo,
  kYes,
  kProgressed,  ///< Yes, and the attempt before moved bytes: the count of attempts starts anew.
};

/// A request to a registry and all that sending it may need.
struct Call {
  HttpRequest request;
  std::string registry;    ///< host[:port] as the user wrote it; the key of credentials.
  std::string repository;  ///< Empty for requests about none.
  std::string scope;       ///< `repository:<name>:pull,push`, several with spaces; may be empty.
  Body* body = nullptr;
  ResponseSink* sink = nullptr;
  /// Called before a repetition; may change the request (a range to go on with, a new upload). Null: repeat
  /// unless the body cannot be rewound or the sink has begun.
  std::function<Result<Repeat>(HttpRequest&)> before_repeat = {};
};

/// Sends calls: finds authorization, follows redirects, repeats what failed for the moment. Thread-safe.
class Exchange {
 public:
  Exchange(Transport& transport, Authenticator& authenticator, Pacing pacing, unsigned retries);

  /// Any status but a redirect, and but 401, 408, 429 and 5xx while a repetition may help.
  Result<HttpResponse> send(Call call);

  const Pacing& pacing() const { return pacing_; }

 private:
  Result<HttpResponse> attempt(Call& call);
  std::chrono::milliseconds delay(unsigned failures, const HttpResponse* response) const;

  Transport& transport_;
  Authenticator& authenticator_;
  const Pacing pacing_;
  const unsigned retries_;
};

/// What an answer that is not a success means; the message says what was asked and what the server said.
Error to_error(const HttpRequest& request, const HttpResponse& response);

}  // namespace lamina::client
