// SPDX-License-Identifier: Apache-2.0
// Limits, timeouts and the end of a server. Timeouts are set to one second; what is asserted is that the
// server acts, never when.
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"
#include "http/testing/raw_client.h"
#include "http/testing/server_thread.h"

namespace lamina::http {
namespace {

using std::chrono::seconds;

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

Task<void> hello(Exchange& exchange) {
  Response response;
  response.body = "hello";
  (void)co_await exchange.respond(std::move(response));
}

TEST(Limits, ManyConnectionsAtOnce) {
  ServerThread server(hello);
  std::vector<RawClient> clients;
  for (int i = 0; i < 1000; ++i) clients.emplace_back(server.port());
  for (auto& client : clients) ASSERT_TRUE(client.send(kGet));
  for (auto& client : clients) {
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "hello");
  }
}

TEST(Limits, ConnectionsBeyondTheLimitAreTold) {
  ServerThread server(hello, {.limits = {.connections = 2}});
  RawClient first(server.port());
  RawClient second(server.port());
  ASSERT_TRUE(first.ask(kGet));
  ASSERT_TRUE(second.ask(kGet));
  RawClient third(server.port());
  auto answer = third.ask(kGet);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->field("Retry-After"), "1");
  EXPECT_EQ(answer->field("Connection"), "close");
  EXPECT_EQ(third.wait_for_end(), RawClient::End::kClean);
  EXPECT_TRUE(first.ask(kGet));  // Those within the limit are not disturbed.
}

TEST(Limits, IdleConnectionsAreClosed) {
  ServerThread server(hello, {.limits = {.idle_timeout = seconds(1)}});
  RawClient silent(server.port());
  RawClient once(server.port());
  ASSERT_TRUE(once.ask(kGet));
  EXPECT_EQ(silent.wait_for_end(), RawClient::End::kClean);
  EXPECT_EQ(once.wait_for_end(), RawClient::End::kClean);
}

TEST(Limits, AHeadThatTakesTooLongIsAnswered) {
  ServerThread server(hello, {.limits = {.header_timeout = seconds(1)}});
  RawClient client(server.port());
  auto answer = client.ask("GET / HTTP/1.1\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  client.half_close();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::kClean);
}

TEST(Limits, ABodyThatStallsIsBrokenOff) {
  std::promise<Code> seen;
  ServerThread server(
      [&](Exchange& exchange) -> Task<void> {
        std::array<std::byte, 100> buffer;
        EXPECT_EQ(co_await exchange.read(buffer), 5U);
        auto more = co_await exchange.read(buffer);
        seen.set_value(more ? Code::kInternal : more.error().code);
      },
      {.limits = {.stall_timeout = seconds(1)}});
  RawClient client(server.port());
  auto answer = client.ask("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_EQ(seen.get_future().get(), Code::kCancelled);
}

/// Writes without end until the client is gone.
Task<void> pour(Exchange& exchange) {
  std::vector<std::byte> piece(256 * 1024);
  (void)co_await exchange.begin(Response{}, 1ULL << 40U);
  for (;;) {
    if (!co_await exchange.write(piece)) co_return;
  }
}

TEST(Limits, AReaderThatStallsIsBrokenOff) {
  std::promise<void> over;
  ServerThread server(
      [&](Exchange& exchange) -> Task<void> {
        co_await pour(exchange);
        over.set_value();
      },
      {.limits = {.stall_timeout = seconds(1)}});
  RawClient client(server.port(), 4096);
  ASSERT_TRUE(client.send(kGet));
  over.get_future().wait();
  EXPECT_EQ(client.wait_for_end(), RawClient::End::kReset);
}

TEST(Limits, ASlowReaderHoldsUpNobody) {
  ServerThread server(
      [](Exchange& exchange) -> Task<void> {
        if (exchange.request().path == "/pour") {
          co_await pour(exchange);
        } else {
          co_await hello(exchange);
        }
      },
      {.threads = 1});
  RawClient slow(server.port(), 4096);
  ASSERT_TRUE(slow.send("GET /pour HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(slow.read_head());
  RawClient other(server.port());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(other.ask(kGet));
  EXPECT_EQ(slow.read(100'000).size(), 100'000U);
  slow.vanish();
}

/// A handler that waits for the client's second byte, and says when it has the first.
struct Waiting {
  std::promise<void> started;
  std::promise<bool> finished;

  Handler handler() {
    return [this](Exchange& exchange) -> Task<void> {
      std::array<std::byte, 1> byte;
      (void)co_await exchange.read(byte);
      started.set_value();
      auto second = co_await exchange.read(byte);
      if (second) co_await hello(exchange);
      finished.set_value(second.has_value());
    };
  }
};
const std::string kHalf = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1";

TEST(Stop, ClosesIdleConnectionsAndFinishesRequests) {
  Waiting waiting;
  ServerThread server(waiting.handler());
  RawClient idle(server.port());
  RawClient busy(server.port());
  ASSERT_TRUE(busy.send(kHalf));
  waiting.started.get_future().wait();
  server.server().stop(seconds(600));
  EXPECT_EQ(idle.wait_for_end(), RawClient::End::kClean);
  auto answer = busy.ask("2");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->field("Connection"), "close");
  EXPECT_EQ(busy.wait_for_end(), RawClient::End::kClean);
  EXPECT_TRUE(waiting.finished.get_future().get());
}

TEST(Stop, BreaksOffWhatIsNotFinishedInTime) {
  Waiting waiting;
  ServerThread server(waiting.handler());
  RawClient busy(server.port());
  ASSERT_TRUE(busy.send(kHalf));
  waiting.started.get_future().wait();
  server.stop(seconds(1));
  EXPECT_EQ(busy.wait_for_end(), RawClient::End::kReset);
  EXPECT_FALSE(waiting.finished.get_future().get());
}

TEST(Stop, MayComeBeforeRunAndTwice) {
  auto server = Server::listen({.threads = 2}, hello);
  ASSERT_TRUE(server);
  (*server)->stop(seconds(600));
  (*server)->stop(seconds(0));
  (*server)->run();
}

TEST(Stop, ASecondOneShortensTheGrace) {
  Waiting waiting;
  ServerThread server(waiting.handler());
  RawClient busy(server.port());
  ASSERT_TRUE(busy.send(kHalf));
  waiting.started.get_future().wait();
  server.server().stop(seconds(600));
  server.server().stop(seconds(0));
  EXPECT_EQ(busy.wait_for_end(), RawClient::End::kReset);
}

}  // namespace
}  // namespace lamina::http
