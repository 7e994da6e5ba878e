// SPDX-License-Identifier: Apache-2.0
#include "client/exchange.h"

#include <algorithm>
#include <charconv>
#include <random>
#include <thread>
#include <utility>

#include "client/url.h"

namespace lamina::client {
namespace {

using std::chrono::milliseconds;

constexpr unsigned kMaxRedirects = 5;
constexpr milliseconds kFirstDelay{200};
constexpr milliseconds kMaxDelay{10'000};
constexpr milliseconds kMaxRetryAfter{60'000};

bool may_pass(unsigned status) {
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505 && status != 507);
}

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Tells whether a request consumed any of its body: what was not read need not be rewound.
class WatchedBody final : public Body {
 public:
  explicit WatchedBody(Body& body) : body_(body) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    touched_ = true;
    return body_.read(buffer);
  }
  std::optional<std::uint64_t> size() const override { return body_.size(); }
  Result<bool> rewind() override {
    if (!touched_) return true;
    LAMINA_ASSIGN(const bool done, body_.rewind());
    if (done) touched_ = false;
    return done;
  }

 private:
  Body& body_;
  bool touched_ = false;
};

class WatchedSink final : public ResponseSink {
 public:
  explicit WatchedSink(ResponseSink& sink) : sink_(sink) {}
  Result<void> begin(unsigned status, const Headers& headers) override {
    begun = true;
    return sink_.begin(status, headers);
  }
  Result<void> write(std::span<const std::byte> bytes) override { return sink_.write(bytes); }

  bool begun = false;

 private:
  ResponseSink& sink_;
};

}  // namespace

Pacing system_pacing() {
  return {.sleep = [](milliseconds time) { std::this_thread::sleep_for(time); },
          .random =
              [] {
                thread_local std::minstd_rand engine(std::random_device{}());
                return std::uniform_real_distribution<double>(0, 1)(engine);
              }};
}

Exchange::Exchange(Transport& transport, Authenticator& authenticator, Pacing pacing, unsigned retries)
    : transport_(transport), authenticator_(authenticator), pacing_(std::move(pacing)), retries_(retries) {}

milliseconds Exchange::delay(unsigned failures, const HttpResponse* response) const {
  if (const auto field = response ? response->headers.find("Retry-After") : std::nullopt) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), seconds);
    if (error == std::errc() && end == field->data() + field->size()) {
      return std::min(kMaxRetryAfter, milliseconds{std::uint64_t{seconds} * 1000});
    }
  }
  const milliseconds full = std::min(kMaxDelay, kFirstDelay * (1 << std::min(failures, 10U)));
  // Half fixed, half random, so that clients that failed together do not come back together.
  return full / 2 +
         milliseconds{static_cast<std::int64_t>(static_cast<double>(full.count() / 2) * pacing_.random())};
}

Result<HttpResponse> Exchange::attempt(Call& call) {
  HttpRequest request = call.request;
  Body* body = call.body;
  LAMINA_ASSIGN(const std::string home, origin_of(request.url));
  bool answered_challenge = false;
  for (unsigned redirects = 0;;) {
    LAMINA_ASSIGN(const std::string origin, origin_of(request.url));
    HttpRequest sent = request;
    const AuthTarget target{
        .origin = home, .registry = call.registry, .repository = call.repository, .scope = call.scope};
    std::optional<std::string> authorization;
    if (origin == home) {  // Credentials never go to another host.
      LAMINA_ASSIGN(authorization, authenticator_.authorization(target));
      if (authorization) sent.headers.add("Authorization", *authorization);
    }
    LAMINA_ASSIGN(HttpResponse response, transport_.perform(sent, body, call.sink));

    if (response.status == 401 && origin == home && !answered_challenge) {
      answered_challenge = true;
      LAMINA_ASSIGN(const bool changed, authenticator_.answer(target, response.headers, authorization));
      if (!changed) return response;
      if (body != nullptr) {
        LAMINA_ASSIGN(const bool rewound, body->rewind());
        if (!rewound) return response;
      }
      continue;
    }
    if (!is_redirect(response.status)) return response;

    const auto location = response.headers.find("Location");
    if (!location) return fail(Code::kUnavailable, request.url + " redirects without saying where to");
    if (++redirects > kMaxRedirects) {
      return fail(Code::kUnavailable,
                  call.request.url + " redirects more than " + std::to_string(kMaxRedirects) + " times");
    }
    LAMINA_ASSIGN(std::string next, resolve_url(request.url, *location));
    LAMINA_ASSIGN(const std::string next_origin, origin_of(next));
    if (origin.starts_with("https:") && !next_origin.starts_with("https:")) {
      return fail(Code::kDenied, request.url + " redirects from https to plain http; refused");
    }
    if (response.status == 303 && request.method != "HEAD") {
      request.method = "GET";
      body = nullptr;
    } else if (body != nullptr) {
      LAMINA_ASSIGN(const bool rewound, body->rewind());
      if (!rewound) {
        return fail(Code::kUnavailable,
                    request.url + " redirects an upload that cannot be sent a second time");
      }
    }
    request.url = std::move(next);
  }
}

Result<HttpResponse> Exchange::send(Call call) {
  std::optional<WatchedBody> body;
  if (call.body != nullptr) call.body = &body.emplace(*call.body);
  std::optional<WatchedSink> sink;
  if (call.sink != nullptr) call.sink = &sink.emplace(*call.sink);

  for (unsigned failures = 0;; ++failures) {
    Result<HttpResponse> response = attempt(call);
    const bool passing = response ? may_pass(response->status) : response.error().code == Code::kUnavailable;
    if (!passing || failures >= retries_) return response;
    if (call.before_repeat) {
      LAMINA_ASSIGN(const Repeat repeat, call.before_repeat(call.request));
      if (repeat == Repeat::kNo) return response;
      if (repeat == Repeat::kProgressed) failures = 0;
    } else {
      if (sink && sink->begun) return response;
      if (body) {
        LAMINA_ASSIGN(const bool rewound, body->rewind());
        if (!rewound) return response;
      }
    }
    pacing_.sleep(delay(failures, response ? &*response : nullptr));
  }
}

}  // namespace lamina::client
