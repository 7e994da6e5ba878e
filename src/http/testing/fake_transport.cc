// SPDX-License-Identifier: Apache-2.0
#include "http/testing/fake_transport.h"

#include <deque>
#include <memory>
#include <span>
#include <utility>

namespace lamina::http::testing {
namespace {

// Odd, so that no code can rely on where pieces end.
constexpr std::size_t kPiece = 7;
constexpr std::size_t kLargePiece = 65'537;
constexpr std::size_t kLarge = 1'000'000;

Result<std::string> drain(Body& body) {
  std::string bytes;
  while (true) {
    const std::size_t at = bytes.size();
    bytes.resize(at + (at < kLarge ? kPiece : kLargePiece));
    LAMINA_ASSIGN(const std::size_t count, body.read(std::as_writable_bytes(std::span(bytes).subspan(at))));
    bytes.resize(at + count);
    if (count == 0) return bytes;
  }
}

}  // namespace

FakeTransport::FakeTransport(std::vector<Answer> script)
    : handler_([answers = std::make_shared<std::deque<Answer>>(script.begin(), script.end())](const Sent&) {
        if (answers->empty()) return Answer{.refused = true};
        Answer answer = std::move(answers->front());
        answers->pop_front();
        return answer;
      }) {}

Result<HttpResponse> FakeTransport::perform(const HttpRequest& request, Body* body, ResponseSink* sink) {
  Sent sent{.method = request.method, .url = request.url, .headers = request.headers, .body = {}};
  const std::optional<std::uint64_t> announced = body != nullptr ? body->size() : std::nullopt;
  if (body != nullptr) {
    LAMINA_ASSIGN(sent.body, drain(*body));
    if (announced && *announced != sent.body.size())
      return fail(Code::kUnavailable, "body of another size than announced");
  }
  Answer answer;
  {
    const std::lock_guard lock(mutex_);
    sent_.push_back(sent);
    answer = handler_(sent);
  }
  if (answer.refused) return fail(Code::kUnavailable, "connection refused");
  HttpResponse response{.status = answer.status, .headers = std::move(answer.headers), .body = {}};
  if (request.method == "HEAD") return response;
  const std::string_view bytes =
      std::string_view(answer.body).substr(0, answer.cut.value_or(answer.body.size()));
  if (sink == nullptr || response.status < 200 || response.status > 299) {
    response.body = bytes;
  } else {
    LAMINA_TRY(sink->begin(response.status, response.headers));
    const std::size_t piece = bytes.size() < kLarge ? kPiece : kLargePiece;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      LAMINA_TRY(sink->write(std::as_bytes(std::span(bytes.substr(at, piece)))));
    }
  }
  if (answer.cut) return fail(Code::kUnavailable, "connection reset");
  return response;
}

std::vector<Sent> FakeTransport::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

std::vector<std::string> FakeTransport::lines() const {
  std::vector<std::string> lines;
  for (const Sent& request : sent()) lines.push_back(request.line());
  return lines;
}

}  // namespace lamina::http::testing
