// SPDX-License-Identifier: Apache-2.0
#include "http/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>
#include <vector>

#include "http/testing/server_thread.h"

namespace lamina::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kLarge = 20 * 1024 * 1024 + 7;

char byte_at(std::uint64_t position) { return static_cast<char>(position % 251); }

/// `size` bytes of a pattern, never all in memory; fails instead at `fails_at`.
class PatternBody final : public Body {
 public:
  PatternBody(std::uint64_t size, bool sized, std::optional<std::uint64_t> fails_at = std::nullopt)
      : size_(size), sized_(sized), fails_at_(fails_at) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (fails_at_ && at >= *fails_at_) return fail(Code::kCancelled, "given up on request");
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - at));
    for (std::byte& byte : buffer.first(count)) byte = static_cast<std::byte>(byte_at(at++));
    return count;
  }
  std::optional<std::uint64_t> size() const override { return sized_ ? std::optional(size_) : std::nullopt; }
  Result<bool> rewind() override {
    at = 0;
    return true;
  }

  std::uint64_t at = 0;

 private:
  const std::uint64_t size_;
  const bool sized_;
  const std::optional<std::uint64_t> fails_at_;
};

/// Compares with the pattern; refuses bytes from `full_at` on.
class PatternSink final : public ResponseSink {
 public:
  explicit PatternSink(std::optional<std::uint64_t> full_at = std::nullopt) : full_at_(full_at) {}
  Result<void> begin(unsigned its_status, const Headers&) override {
    ++begun;
    status = its_status;
    return {};
  }
  Result<void> write(std::span<const std::byte> bytes) override {
    if (full_at_ && at >= *full_at_) return fail(Code::kNoSpace, "the volume is full");
    for (const std::byte byte : bytes) same = same && static_cast<char>(byte) == byte_at(at++);
    return {};
  }

  int begun = 0;
  unsigned status = 0;
  std::uint64_t at = 0;
  bool same = true;

 private:
  const std::optional<std::uint64_t> full_at_;
};

struct Received {
  std::string method;
  std::string path;
  Headers headers;
  std::optional<std::uint64_t> length;
  std::uint64_t bytes = 0;
  bool same = true;
};

/// Reads the body and says so.
Task<void> take(Exchange& exchange, std::promise<Received>& done) {
  const Request& request = exchange.request();
  Received received{.method = request.method,
                    .path = request.path,
                    .headers = request.headers,
                    .length = request.content_length};
  std::array<std::byte, 16 * 1024> buffer;
  for (;;) {
    const auto count = co_await exchange.read(buffer);
    if (!count) co_return;
    if (*count == 0) break;
    for (std::size_t i = 0; i < *count; ++i) {
      received.same = received.same && static_cast<char>(buffer[i]) == byte_at(received.bytes++);
    }
  }
  Response response;
  response.status = 201;
  response.headers.add("Location", "/here");
  (void)co_await exchange.respond(std::move(response));
  done.set_value(std::move(received));
}

/// Listens on 127.0.0.1, and that is all: the system takes connections, nobody answers them.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address_;
    auto* const address = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(socket_, address, length), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, address, &length), 0);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  const int socket_;
  sockaddr_in address_{};
};

/// A server whose handler the test chooses, and a transport.
class CurlTransportTest : public ::testing::Test {
 protected:
  void serve(Handler handler) { server_.emplace(std::move(handler)); }
  /// Answers every request like this.
  void serve(unsigned status, const Headers& headers, const std::string& body) {
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): the server keeps it
    serve([=](Exchange& exchange) -> Task<void> {
      (void)co_await exchange.respond(Response(status, headers, body));
    });
  }
  /// Announces `size` bytes of the pattern, and breaks off behind `sent`.
  void serve_pattern(std::uint64_t size, std::uint64_t sent) {
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): the server keeps it
    serve([=](Exchange& exchange) -> Task<void> {
      if (!co_await exchange.begin(Response(), size)) co_return;
      std::vector<std::byte> buffer(64 * 1024);
      for (std::uint64_t at = 0; at < sent;) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), sent - at));
        for (std::byte& byte : std::span(buffer).first(count)) byte = static_cast<std::byte>(byte_at(at++));
        if (!co_await exchange.write(std::span<const std::byte>(buffer).first(count))) co_return;
      }
      if (sent < size) exchange.abort();
    });
  }

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  Result<HttpResponse> perform(const std::string& method, Body* body = nullptr, ResponseSink* sink = nullptr,
                               Headers headers = {}) {
    return transport_->perform({.method = method, .url = url(), .headers = std::move(headers)}, body, sink);
  }

  /// No proxy of whoever runs the test comes between.
  void SetUp() override { setenv("no_proxy", "127.0.0.1", 1); }

  std::unique_ptr<Transport> transport_ = make_curl_transport({});

 private:
  std::optional<ServerThread> server_;
};

TEST_F(CurlTransportTest, SendsBodiesInEveryFraming) {
  for (const bool sized : {true, false}) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{300'000}, kLarge}) {
      std::promise<Received> done;
      serve([&](Exchange& exchange) { return take(exchange, done); });
      PatternBody body(size, sized);
      const auto response = perform("PUT", &body, nullptr, {{"X-Name", "value"}, {"X-Empty", ""}});
      ASSERT_TRUE(response) << response.error().message;
      EXPECT_EQ(response->status, 201U);
      EXPECT_EQ(response->headers.find("location"), "/here");
      const Received received = done.get_future().get();
      EXPECT_EQ(received.method, "PUT");
      EXPECT_EQ(received.length, sized ? std::optional(size) : std::nullopt);
      EXPECT_EQ(received.bytes, size);
      EXPECT_TRUE(received.same);
      EXPECT_EQ(received.headers.find("X-Name"), "value");
      EXPECT_EQ(received.headers.find("X-Empty"), "");
      EXPECT_EQ(received.headers.find("User-Agent"), "lamina");
      EXPECT_FALSE(received.headers.find("Content-Type"));
    }
  }
}

TEST_F(CurlTransportTest, SendsWhatIsInMemory) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{300'000}, kLarge}) {
    for (const bool typed : {false, true}) {
      std::promise<Received> done;
      serve([&](Exchange& exchange) { return take(exchange, done); });
      std::string bytes;
      for (std::uint64_t at = 0; at < size; ++at) bytes += byte_at(at);
      StringBody body(std::move(bytes));
      const auto response =
          perform("PATCH", &body, nullptr, typed ? Headers{{"Content-Type", "text/plain"}} : Headers());
      ASSERT_TRUE(response) << response.error().message;
      const Received received = done.get_future().get();
      EXPECT_EQ(received.method, "PATCH");
      EXPECT_EQ(received.length, size);
      EXPECT_EQ(received.bytes, size);
      EXPECT_TRUE(received.same);
      EXPECT_EQ(received.headers.find("Content-Type").value_or("none"), typed ? "text/plain" : "none");
    }
  }
}

TEST_F(CurlTransportTest, SendsRequestsWithoutABody) {
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
    std::promise<Received> done;
    serve([&](Exchange& exchange) { return take(exchange, done); });
    const auto response = perform(method);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 201U);
    const Received received = done.get_future().get();
    EXPECT_EQ(received.method, method);
    EXPECT_EQ(received.bytes, 0U);
    EXPECT_FALSE(received.headers.find("Content-Type"));
    EXPECT_FALSE(received.headers.find("Expect"));
  }
}

TEST_F(CurlTransportTest, RefusedUploadIsNotSent) {
  serve(401, {}, "who are you?");
  for (const bool sized : {true, false}) {
    PatternBody body(kLarge, sized);
    const auto response = perform("PUT", &body);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 401U);
    EXPECT_EQ(response->body, "who are you?");
    EXPECT_EQ(body.at, 0U);
  }
}

TEST_F(CurlTransportTest, LargeAnswerGoesToTheSink) {
  serve_pattern(kLarge, kLarge);
  PatternSink sink;
  const auto response = perform("GET", nullptr, &sink);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(sink.begun, 1);
  EXPECT_EQ(sink.status, 200U);
  EXPECT_EQ(sink.at, kLarge);
  EXPECT_TRUE(sink.same);
  EXPECT_EQ(response->body, "");
}

TEST_F(CurlTransportTest, EmptyAnswerBeginsTheSink) {
  serve(200, {}, "");
  PatternSink sink;
  ASSERT_TRUE(perform("GET", nullptr, &sink));
  EXPECT_EQ(sink.begun, 1);
}

TEST_F(CurlTransportTest, AnswerThatIsNoSuccessDoesNotReachTheSink) {
  serve(404, {}, "not here");
  PatternSink sink;
  const auto response = perform("GET", nullptr, &sink);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "not here");
  EXPECT_EQ(sink.begun, 0);
}

TEST_F(CurlTransportTest, BufferedAnswerIsCut) {
  serve_pattern(kLarge, kLarge);
  const auto response = perform("GET");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), kMaxBufferedBody);
}

TEST_F(CurlTransportTest, BrokenAnswerIsUnavailable) {
  serve_pattern(1000, 500);
  PatternSink sink;
  EXPECT_EQ(perform("GET", nullptr, &sink).error().code, Code::kUnavailable);
  EXPECT_EQ(sink.at, 500U);
}

TEST_F(CurlTransportTest, ErrorsOfBodyAndSinkComeBackUnchanged) {
  std::promise<Received> done;
  serve([&](Exchange& exchange) { return take(exchange, done); });
  for (const bool sized : {true, false}) {
    PatternBody body(kLarge, sized, 1'000'000);
    const auto response = perform("PUT", &body);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Code::kCancelled);
    EXPECT_EQ(response.error().message, "given up on request");
  }
  serve_pattern(kLarge, kLarge);
  PatternSink sink(1'000'000);
  const auto response = perform("GET", nullptr, &sink);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kNoSpace);
  // What was broken off does not disturb what comes after.
  EXPECT_TRUE(perform("GET"));
}

TEST_F(CurlTransportTest, HeadersAreThoseOfTheLastHead) {
  Headers fields;
  fields.add("X-Twice", "one");
  fields.add("x-twice", "two, three");
  fields.add("X-Colons", "a:b");
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): the server keeps it
  serve([=](Exchange& exchange) -> Task<void> {
    std::array<std::byte, 1024> buffer;
    for (;;) {  // Sends `100 Continue` first.
      const auto count = co_await exchange.read(buffer);
      if (!count) co_return;
      if (*count == 0) break;
    }
    (void)co_await exchange.respond(Response(202, fields, ""));
  });
  PatternBody body(2'000'000, true);
  const auto response = perform("PUT", &body);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 202U);
  EXPECT_THAT(response->headers.all("X-Twice"), ElementsAre("one", "two, three"));
  EXPECT_EQ(response->headers.find("x-colons"), "a:b");
  EXPECT_EQ(response->headers.all("Date").size(), 1U);
}

TEST_F(CurlTransportTest, HeadHasNoBodyButItsLength) {
  serve_pattern(kLarge, 0);
  PatternSink sink;
  const auto response = perform("HEAD", nullptr, &sink);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->headers.find("Content-Length"), std::to_string(kLarge));
  EXPECT_EQ(sink.begun, 0);
}

TEST_F(CurlTransportTest, RedirectsAreTheCallersBusiness) {
  Headers fields;
  fields.add("Location", "http://127.0.0.1:1/");
  serve(307, fields, "");
  const auto response = perform("GET");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 307U);
  EXPECT_EQ(response->headers.find("Location"), "http://127.0.0.1:1/");
}

TEST_F(CurlTransportTest, ConnectionsAreKept) {
  std::vector<std::string> peers;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): the server keeps it
  serve([&](Exchange& exchange) -> Task<void> {
    peers.push_back(exchange.request().peer);
    (void)co_await exchange.respond(Response());
  });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(perform("GET"));
  EXPECT_THAT(peers, ElementsAre(peers[0], peers[0], peers[0]));
}

TEST_F(CurlTransportTest, ThreadsShareIt) {
  serve_pattern(1'000'000, 1'000'000);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        PatternSink sink;
        if (perform("GET", nullptr, &sink) && sink.at == 1'000'000 && sink.same) ++good;
      });
    }
  }
  EXPECT_EQ(good, 8);
}

TEST_F(CurlTransportTest, StalledServerIsUnavailable) {
  transport_ = make_curl_transport({.stall_timeout = std::chrono::seconds(1)});
  const SilentServer server;
  const auto response = transport_->perform(
      {.method = "GET", .url = "http://127.0.0.1:" + std::to_string(server.port()), .headers = {}}, nullptr,
      nullptr);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("too slow"));
}

TEST_F(CurlTransportTest, WhoWaitsInVainMayGiveUp) {
  transport_ = make_curl_transport({.cancelled = [] { return true; }});
  const SilentServer server;
  const auto response = transport_->perform(
      {.method = "GET", .url = "http://127.0.0.1:" + std::to_string(server.port()), .headers = {}}, nullptr,
      nullptr);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kCancelled);
}

TEST_F(CurlTransportTest, RequestsHaveTheirOwnPatience) {
  const SilentServer server;
  HttpRequest request{.method = "GET", .url = "http://127.0.0.1:" + std::to_string(server.port())};
  request.stall_timeout = std::chrono::seconds(1);
  const auto stalled = transport_->perform(request, nullptr, nullptr);
  ASSERT_FALSE(stalled);
  EXPECT_EQ(stalled.error().code, Code::kUnavailable);

  std::stop_source stop;
  request = {.method = "GET", .url = request.url, .stop = stop.get_token()};
  std::jthread canceller([&] { stop.request_stop(); });
  const auto cancelled = transport_->perform(request, nullptr, nullptr);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Code::kCancelled);
}

TEST_F(CurlTransportTest, ServerUnderAnotherName) {
  std::promise<Received> done;
  serve([&](Exchange& exchange) { return take(exchange, done); });
  transport_ = make_curl_transport({.tls_server_name = "inner.example"});
  ASSERT_TRUE(perform("GET"));
  EXPECT_EQ(done.get_future().get().headers.find("Host"), url("").substr(7));
}

TEST_F(CurlTransportTest, ProxyIsAsked) {
  std::promise<Received> done;
  serve([&](Exchange& exchange) { return take(exchange, done); });
  transport_ = make_curl_transport({.proxy = url("")});  // Although no_proxy names its address.
  ASSERT_TRUE(transport_->perform({.method = "GET", .url = "http://127.0.0.1:1/x"}, nullptr, nullptr));
  EXPECT_EQ(done.get_future().get().headers.find("Host"), "127.0.0.1:1");
}

TEST_F(CurlTransportTest, NobodyListens) {
  std::string nowhere;
  {
    ServerThread gone([](Exchange&) -> Task<void> { co_return; });
    nowhere = "http://127.0.0.1:" + std::to_string(gone.port()) + "/v2/?secret=1";
  }
  const auto response =
      transport_->perform({.method = "GET", .url = nowhere, .headers = {}}, nullptr, nullptr);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("/v2/: Failed to connect"));
}

TEST_F(CurlTransportTest, UrlsThatAreNone) {
  for (const std::string url : {"ftp://127.0.0.1/", "http://127.0.0.1:99999/", "file:///etc/hostname"}) {
    const auto response = transport_->perform({.method = "GET", .url = url, .headers = {}}, nullptr, nullptr);
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().code, Code::kInvalid) << url << ": " << response.error().message;
  }
}

}  // namespace
}  // namespace lamina::http
