// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/testing/raw_client.h"
#include "http/testing/server_thread.h"
#include "http/workers.h"

namespace lamina::http {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The whole body; what `read` returned last otherwise.
Task<Result<std::string>> read_all(Exchange& exchange) {
  std::string body;
  std::array<std::byte, 1000> buffer;
  for (;;) {
    LAMINA_CO_ASSIGN(auto bytes, co_await exchange.read(buffer));
    if (bytes == 0) co_return body;
    body.append(reinterpret_cast<const char*>(buffer.data()), bytes);
  }
}

/// Answers with what it was sent.
Task<void> echo(Exchange& exchange) {
  auto body = co_await read_all(exchange);
  if (!body) co_return;
  Response response;
  response.headers.add("X-Path", exchange.request().path);
  response.headers.add("X-Peer", exchange.request().peer);
  response.body = exchange.request().method + " " + *body;
  (void)co_await exchange.respond(std::move(response));
}

Task<void> answer_at_once(Exchange& exchange) {
  Response response;
  response.status = 401;
  (void)co_await exchange.respond(std::move(response));
}

std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}

std::string put(std::string_view fields, std::string_view body) {
  return "PUT / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

const std::string kChunked = "Transfer-Encoding: chunked\r\n";

TEST(Server, AnswersOnOneConnection) {
  ServerThread server(echo);
  RawClient client(server.port());
  auto answer = client.ask(get("/a%20b"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->version, "HTTP/1.1");
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "GET ");
  EXPECT_EQ(answer->field("X-Path"), "/a b");
  EXPECT_TRUE(answer->field("X-Peer").starts_with("127.0.0.1:"));
  EXPECT_EQ(answer->field("Server"), "lamina");
  EXPECT_TRUE(answer->field("Date").ends_with(" GMT"));
  EXPECT_EQ(answer->field("Connection"), "");
  answer = client.ask("\r\n\r\n" + put("Content-Length: 5\r\n", "hello"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "PUT hello");
}

TEST(Server, ReadsBodiesInEveryFraming) {
  ServerThread server(echo);
  RawClient client(server.port());
  const std::string long_body(5000, 'x');
  for (const auto& [request, body] : std::vector<std::pair<std::string, std::string>>{
           {put("", ""), "PUT "},
           {put("Content-Length: 0\r\n", ""), "PUT "},
           {put("Content-Length: 5000\r\n", long_body), "PUT " + long_body},
           {put(kChunked, "0\r\n\r\n"), "PUT "},
           {put(kChunked, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), "PUT hello!"},
           {put(kChunked, "5;a=b\r\nhello\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n"), "PUT hello"},
           {put(kChunked, "1388\r\n" + long_body + "\r\n0\r\n\r\n"), "PUT " + long_body},
       }) {
    auto answer = client.ask(request);
    ASSERT_TRUE(answer) << request.substr(0, 200);
    EXPECT_EQ(answer->body, body);
    // The same a byte at a time; the answer shows that all of it was read and no more.
    if (request.size() > 1000) continue;
    for (char c : request) ASSERT_TRUE(client.send({&c, 1}));
    answer = client.read_answer();
    ASSERT_TRUE(answer) << request;
    EXPECT_EQ(answer->body, body);
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  ServerThread server(echo);
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += get("/" + std::to_string(i));
    requests += put(kChunked, "1\r\nx\r\n0\r\n\r\n") + put("Content-Length: 1\r\n", "y");
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 100; ++i) {
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->field("X-Path"), "/" + std::to_string(i));
    for (std::string body : {"PUT x", "PUT y"}) {
      answer = client.read_answer();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->body, body);
    }
  }
}

TEST(Server, KeepsOrClosesTheConnectionAsAsked) {
  struct Case {
    std::string request, connection;
    bool stays;
  };
  ServerThread server(echo);
  for (const auto& [request, connection, stays] : std::vector<Case>{
           {get("/"), "", true},
           {get("/", "Connection: close\r\n"), "close", false},
           {"GET / HTTP/1.0\r\n\r\n", "close", false},
           {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", true},
       }) {
    RawClient client(server.port());
    auto answer = client.ask(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->field("Connection"), connection) << request;
    if (stays) {
      EXPECT_TRUE(client.ask(get("/")));
    } else {
      EXPECT_EQ(client.wait_for_end(), RawClient::End::kClean);
    }
  }
}

TEST(Server, AnswersAClientThatHasEndedSending) {
  ServerThread server(echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(get("/")));
  client.half_close();
  EXPECT_TRUE(client.read_answer());
  EXPECT_EQ(client.wait_for_end(), RawClient::End::kClean);
}

TEST(Server, LeavesTheBodyOutWhereThereIsNone) {
  ServerThread server([](Exchange& exchange) -> Task<void> {
    Response response;
    response.body = "hello";
    if (exchange.request().path == "/204") response.status = 204;
    if (exchange.request().path == "/304") response.status = 304;
    if (exchange.request().path == "/begin") {
      (void)co_await exchange.begin(std::move(response), 1'000'000'000'000);
    } else {
      (void)co_await exchange.respond(std::move(response));
    }
  });
  RawClient client(server.port());
  for (auto [target, length] : std::vector<std::pair<std::string, std::string>>{
           {"HEAD /", "5"}, {"HEAD /begin", "1000000000000"}, {"GET /204", ""}, {"GET /304", ""}}) {
    ASSERT_TRUE(client.send(target + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    auto answer = client.read_answer(/*to_head=*/true);
    ASSERT_TRUE(answer) << target;
    EXPECT_EQ(answer->field("Content-Length"), length) << target;
  }
  auto answer = client.ask(get("/"));  // Nothing was left in between.
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "hello");
}

TEST(Server, SendsContinueWhenTheHandlerReads) {
  ServerThread server(echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(put("Content-Length: 5\r\nExpect: 100-continue\r\n", "")));
  auto interim = client.read_head(/*interim=*/true);
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  auto answer = client.ask("hello");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "PUT hello");
  EXPECT_TRUE(client.ask(get("/")));
}

TEST(Server, SendsNoContinueToAClientThatDoesNotWait) {
  ServerThread server(echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(put("Content-Length: 5\r\nExpect: 100-continue\r\n", "hello")));
  auto answer = client.read_head(/*interim=*/true);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST(Server, AnswersInPlaceOfContinue) {
  ServerThread server(answer_at_once);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(put("Content-Length: 5\r\nExpect: 100-continue\r\n", "")));
  auto answer = client.read_head(/*interim=*/true);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->field("Connection"), "close");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::kClean);
}

TEST(Server, SkipsASmallBodyThatNobodyRead) {
  ServerThread server(answer_at_once);
  RawClient client(server.port());
  const std::string body(200'000, 'x');
  for (const auto& request :
       {put("Content-Length: 200000\r\n", body), put(kChunked, "30d40\r\n" + body + "\r\n0\r\n\r\n")}) {
    auto answer = client.ask(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->field("Connection"), "");
  }
  EXPECT_TRUE(client.ask(get("/")));
}

TEST(Server, ClosesOverALargeBodyThatNobodyRead) {
  ServerThread server(answer_at_once, {.limits = {.skip_bytes = 1000}});
  const std::string body(5'000'000, 'x');
  // The client sends all of it before it reads: the answer must survive that.
  RawClient sized(server.port());
  auto answer = sized.ask(put("Content-Length: 5000000\r\n", body));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->field("Connection"), "close");
  RawClient chunked(server.port());
  answer = chunked.ask(put(kChunked, "4c4b40\r\n" + body + "\r\n0\r\n\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  chunked.half_close();
  EXPECT_EQ(chunked.wait_for_end(), RawClient::End::kClean);
}

TEST(Server, StreamsAnAnswer) {
  ServerThread server([](Exchange& exchange) -> Task<void> {
    Response head;
    head.status = 206;
    EXPECT_TRUE(co_await exchange.begin(std::move(head), 10));
    EXPECT_TRUE(co_await exchange.write(bytes_of("hello")));
    EXPECT_TRUE(co_await exchange.write({}));
    EXPECT_TRUE(co_await exchange.write(bytes_of("world")));
  });
  RawClient client(server.port());
  for (int i = 0; i < 2; ++i) {
    auto answer = client.ask(get("/"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 206);
    EXPECT_EQ(answer->body, "helloworld");
  }
}

TEST(Server, BreaksOffWhatIsNotWhole) {
  ServerThread server([](Exchange& exchange) -> Task<void> {
    const auto& path = exchange.request().path;
    if (path == "/abort-first") {
      exchange.abort();
      co_return;
    }
    (void)co_await exchange.begin(Response{}, 10);
    if (path == "/never") co_return;
    (void)co_await exchange.write(bytes_of("hello"));
    if (path == "/abort") exchange.abort();
    if (path == "/throw") throw std::runtime_error("fault");
    if (path == "/more") {
      auto written = co_await exchange.write(bytes_of("world!"));
      EXPECT_FALSE(written);
      EXPECT_EQ(written.error().code, Code::kInternal);
    }
  });
  for (std::string path : {"/abort-first", "/never", "/few", "/abort", "/throw", "/more"}) {
    RawClient client(server.port());
    EXPECT_FALSE(client.ask(get(path))) << path;
    EXPECT_EQ(client.wait_for_end(), RawClient::End::kReset) << path;
  }
}

TEST(Server, AnswersForAHandlerThatDoesNot) {
  std::promise<std::string> thrown;
  ServerOptions options;
  options.on_exception = [&](std::string_view what) { thrown.set_value(std::string(what)); };
  ServerThread server(
      [](Exchange& exchange) -> Task<void> {
        const auto& path = exchange.request().path;
        if (path == "/throw") throw std::runtime_error("fault");
        if (path == "/split") {
          Response response;
          response.headers.add("Location", "/\r\nSet-Cookie: x");
          auto sent = co_await exchange.respond(std::move(response));
          EXPECT_FALSE(sent);
        }
      },
      std::move(options));
  for (std::string path : {"/nothing", "/split", "/throw"}) {
    RawClient client(server.port());
    auto answer = client.ask(get(path));
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 500) << path;
    EXPECT_EQ(answer->field("Set-Cookie"), "");
  }
  EXPECT_EQ(thrown.get_future().get(), "fault");
}

TEST(Server, RefusesASecondAnswer) {
  ServerThread server([](Exchange& exchange) -> Task<void> {
    EXPECT_TRUE(co_await exchange.respond(Response{}));
    auto second = co_await exchange.respond(Response{});
    EXPECT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::kInternal);
  });
  RawClient client(server.port());
  EXPECT_TRUE(client.ask(get("/")));
  EXPECT_TRUE(client.ask(get("/")));
}

TEST(Server, TellsTheHandlerThatTheClientVanished) {
  std::promise<Code> seen;
  std::promise<void> started;
  ServerThread server([&](Exchange& exchange) -> Task<void> {
    std::array<std::byte, 100> buffer;
    EXPECT_EQ(co_await exchange.read(buffer), 5U);
    started.set_value();
    auto body = co_await read_all(exchange);
    EXPECT_FALSE(co_await exchange.respond(Response{}));  // Nothing can be said any more.
    seen.set_value(body ? Code::kInternal : body.error().code);
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.send(put("Content-Length: 10\r\n", "hello")));
  started.get_future().wait();
  client.vanish();
  EXPECT_EQ(seen.get_future().get(), Code::kCancelled);
}

TEST(Server, SaysWhyABodyCannotBeRead) {
  ServerThread server(echo);
  for (const auto& body : {put("Content-Length: 10\r\n", "hello"), put(kChunked, "5\r\nhel"),
                           put(kChunked, "x\r\n"), put(kChunked, "1\r\nxy\r\n0\r\n\r\n")}) {
    RawClient client(server.port());
    ASSERT_TRUE(client.send(body));
    client.half_close();
    auto answer = client.read_answer();
    ASSERT_TRUE(answer) << body;
    EXPECT_EQ(answer->status, 400) << body;
    EXPECT_EQ(answer->field("Connection"), "close");
    EXPECT_EQ(client.wait_for_end(), RawClient::End::kClean);
  }
}

TEST(Server, TakesWhatIsTooMuchForABadRequest) {
  ServerThread server(echo);
  RawClient client(server.port());
  auto answer = client.ask(put("Content-Length: 5\r\n", "hello and more\r\n\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "PUT hello");
  answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
}

TEST(Server, AnswersBadRequestsItself) {
  ServerOptions options;
  options.limits.header_bytes = 4096;
  options.limits.target_bytes = 1024;
  ServerThread server(echo, options);
  const std::string host = "Host: x\r\n\r\n";
  // head_test.cc has all of them; these show that each kind gets through to the client.
  for (const auto& [request, status] : std::vector<std::pair<std::string, unsigned>>{
           {"\x16\x03\x01\x02\x00\x01", 400},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {"GET /%2F HTTP/1.1\r\n" + host, 400},
           {"GET / HTTP/3.0\r\n" + host, 505},
           {get("/" + std::string(1024, 'a')), 414},
           {"GET /" + std::string(100'000, 'a'), 414},
           {get("/", "A: " + std::string(100'000, 'b') + "\r\n"), 431},
           {put("Content-Length: 1\r\n" + kChunked, "1\r\nx\r\n0\r\n\r\n"), 400},
           {put("Transfer-Encoding: gzip\r\n", std::string(1000, 'x')), 501},
           {put("Expect: tea\r\n", ""), 417},
       }) {
    RawClient client(server.port());
    auto answer = client.ask(request);
    ASSERT_TRUE(answer) << request.substr(0, 100);
    EXPECT_EQ(answer->status, status) << request.substr(0, 100);
    EXPECT_EQ(answer->field("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer->field("Connection"), "close");
    EXPECT_FALSE(answer->body.empty());
    EXPECT_EQ(client.wait_for_end(), RawClient::End::kClean);
  }
}

TEST(Server, RendersErrorsAsTold) {
  ServerOptions options;
  options.render_error = [](unsigned status, std::string_view reason) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = "{" + std::string(reason) + "}";
    return response;
  };
  ServerThread server(echo, options);
  RawClient client(server.port());
  auto answer = client.ask("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->field("Content-Type"), "application/json");
  EXPECT_EQ(answer->body, "{a request must have exactly one Host}");
}

constexpr std::uint64_t kSize = 64ULL << 20U;

TEST(Server, StreamsLargeBodiesBothWays) {
  ServerThread server([](Exchange& exchange) -> Task<void> {
    // What goes back is what came, piece by piece: the server holds no more than one piece of it.
    auto length = exchange.request().content_length.value_or(kSize);
    std::vector<std::byte> buffer(64 * 1024);
    EXPECT_TRUE(co_await exchange.begin(Response{}, length));
    for (;;) {
      auto bytes = co_await exchange.read(buffer);
      EXPECT_TRUE(bytes);
      if (!bytes || *bytes == 0) co_return;
      EXPECT_TRUE(co_await exchange.write(std::span(buffer).first(*bytes)));
    }
  });
  for (bool chunked : {false, true}) {
    RawClient client(server.port());
    const std::string piece = [] {
      std::string text;
      for (std::size_t i = 0; i < 1'048'576; ++i) text += static_cast<char>(i * 7 % 251);
      return text;
    }();
    std::jthread sender([&] {
      EXPECT_TRUE(
          client.send(put(chunked ? kChunked : "Content-Length: " + std::to_string(kSize) + "\r\n", "")));
      for (std::uint64_t sent = 0; sent < kSize; sent += piece.size()) {
        EXPECT_TRUE(client.send(chunked ? "100000\r\n" + piece + "\r\n" : piece));
      }
      if (chunked) {
        EXPECT_TRUE(client.send("0\r\n\r\n"));
      }
    });
    auto head = client.read_head();
    ASSERT_TRUE(head);
    for (std::uint64_t got = 0; got < kSize; got += piece.size())
      ASSERT_TRUE(client.read(piece.size()) == piece);
    sender.join();
    EXPECT_FALSE(client.read(0).size());
  }
}

TEST(Server, WorkersDoNotHoldUpConnections) {
  Workers workers(1);
  std::promise<void> release;
  auto released = release.get_future().share();
  ServerThread server(
      [&](Exchange& exchange) -> Task<void> {
        Response response;
        if (exchange.request().path == "/blocks") {
          response.body = co_await workers.run([&] {
            released.wait();
            return std::string("done");
          });
        }
        (void)co_await exchange.respond(std::move(response));
      },
      {.threads = 1});
  RawClient blocked(server.port());
  ASSERT_TRUE(blocked.send(get("/blocks")));
  RawClient other(server.port());
  EXPECT_TRUE(other.ask(get("/")));
  release.set_value();
  auto answer = blocked.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "done");
}

TEST(Server, SaysWhyItCannotListen) {
  ServerThread server(echo);
  struct Case {
    ServerOptions options;
    Code code;
  };
  for (const auto& [options, code] : std::vector<Case>{
           {{.port = server.port()}, Code::kConflict},
           {{.address = "localhost"}, Code::kInvalid},
           {{.address = ""}, Code::kInvalid},
           {{.address = "203.0.113.1"}, Code::kInvalid},
       }) {
    auto second = Server::listen(options, echo);
    ASSERT_FALSE(second) << options.address;
    EXPECT_EQ(second.error().code, code) << second.error().message;
    EXPECT_FALSE(second.error().message.empty());
  }
}

}  // namespace
}  // namespace lamina::http
