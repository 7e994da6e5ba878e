// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "http/testing/raw_client.h"
#include "http/testing/server_thread.h"

namespace lamina::http {
namespace {

/// Answers with what it was sent.
Task<void> echo(Exchange& exchange) {
  std::string body;
  std::array<std::byte, 1000> buffer;
  for (;;) {
    auto bytes = co_await exchange.read(buffer);
    if (!bytes) co_return;
    if (*bytes == 0) break;
    body.append(reinterpret_cast<const char*>(buffer.data()), *bytes);
  }
  Response response;
  response.headers.add("X-Path", exchange.request().path);
  response.body = exchange.request().method + " " + body;
  (void)co_await exchange.respond(std::move(response));
}

TEST(Server, AnswersGetAndPutOnOneConnection) {
  ServerThread server(echo);
  RawClient client(server.port());
  auto answer = client.ask("GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "GET ");
  EXPECT_EQ(answer->field("X-Path"), "/a b");
  EXPECT_EQ(answer->field("Server"), "lamina");
  EXPECT_EQ(answer->field("Connection"), "");
  answer = client.ask("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "PUT hello");
}

}  // namespace
}  // namespace lamina::http
