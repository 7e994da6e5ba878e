// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace lamina::http {
namespace {

/// Both functions one after the other, as the connection uses them: the status of the fault, or 0.
unsigned status_of(std::string_view text, const Limits& limits = {}) {
  std::size_t scanned = 0;
  auto length = find_head(text, scanned, limits);
  if (!length) return length.error().status;
  if (*length == 0) return 1;  // Waits for more.
  auto head = parse_head(text.substr(0, *length), limits);
  if (head) return 0;
  EXPECT_FALSE(head.error().reason.empty());
  return head.error().status;
}

TEST(Head, IsRefused) {
  struct Case {
    std::string text;
    unsigned status;
  };
  const std::string host = "Host: x\r\n";
  const std::string get = "GET / HTTP/1.1\r\n" + host;
  const std::string post = "POST / HTTP/1.1\r\n" + host;
  const std::string end = "\r\n";
  for (const auto& [text, status] : std::vector<Case>{
           {get + end, 0},
           // The request line.
           {"\x16\x03\x01\x02", 400},
           {" GET / HTTP/1.1\r\n" + host + end, 400},
           {"GET / HTTP/1.1\n" + host + end, 400},
           {"GET /\r\n" + host + end, 400},
           {"GET\r\n" + host + end, 400},
           {"GET  / HTTP/1.1\r\n" + host + end, 400},
           {"GET /  HTTP/1.1\r\n" + host + end, 400},
           {"GET / HTTP/1.1 \r\n" + host + end, 400},
           {"GET / a HTTP/1.1\r\n" + host + end, 400},
           {"GET\t/ HTTP/1.1\r\n" + host + end, 400},
           {"G(T / HTTP/1.1\r\n" + host + end, 400},
           {"GET / http/1.1\r\n" + host + end, 400},
           {"GET / HTTP/1\r\n" + host + end, 400},
           {"GET / HTTP/11\r\n" + host + end, 400},
           {"GET / HTTP/2.0\r\n" + host + end, 505},
           {"GET / HTTP/0.9\r\n" + host + end, 505},
           {"GET / HTTP/1.0\r\n\r\n", 0},
           {"PRI * HTTP/2.0\r\n\r\n", 505},
           {"CONNECT x:443 HTTP/1.1\r\n" + host + end, 400},
           {"GET * HTTP/1.1\r\n" + host + end, 400},
           {"OPTIONS * HTTP/1.1\r\n" + host + end, 0},
           {"PURGE / HTTP/1.1\r\n" + host + end, 0},
           // The target; target_test.cc has the rest.
           {"GET /a/../b HTTP/1.1\r\n" + host + end, 400},
           {"GET /a%2fb HTTP/1.1\r\n" + host + end, 400},
           {"GET /%zz HTTP/1.1\r\n" + host + end, 400},
           {"GET /a#b HTTP/1.1\r\n" + host + end, 400},
           // Fields.
           {get + "No colon\r\n" + end, 400},
           {get + "A : b\r\n" + end, 400},
           {get + "A(: b\r\n" + end, 400},
           {get + ": b\r\n" + end, 400},
           {get + "A: b\nC: d\r\n" + end, 400},
           {get + "A: b\rC: d\r\n" + end, 400},
           {get + std::string("A: \0\r\n", 6) + end, 400},
           {get + "A: \x01\r\n" + end, 400},
           {get + "A: \x7f\r\n" + end, 400},
           {get + "A: b\r\n folded\r\n" + end, 400},
           {get + "A: b\r\n\tfolded\r\n" + end, 400},
           {"GET / HTTP/1.1\r\n A: b\r\n" + host + end, 400},
           {get + "A: \xc3\xbc\r\n" + end, 0},
           {get + "A:\r\n" + end, 0},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {get + host + end, 400},
           // Framing.
           {post + "Content-Length: 5\r\n" + end, 0},
           {post + "Content-Length: 5\r\nContent-Length: 5\r\n" + end, 400},
           {post + "Content-Length: 5\r\nContent-Length: 6\r\n" + end, 400},
           {post + "Content-Length: 5, 5\r\n" + end, 400},
           {post + "Content-Length: \r\n" + end, 400},
           {post + "Content-Length: -1\r\n" + end, 400},
           {post + "Content-Length: +1\r\n" + end, 400},
           {post + "Content-Length: 0x1\r\n" + end, 400},
           {post + "Content-Length: 1 1\r\n" + end, 400},
           {post + "Content-Length: 99999999999999999999\r\n" + end, 400},
           {post + "Transfer-Encoding: chunked\r\n" + end, 0},
           {post + "Transfer-Encoding: Chunked\r\n" + end, 0},
           {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + end, 400},
           {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + end, 400},
           {post + "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n" + end, 400},
           {post + "Transfer-Encoding: gzip\r\n" + end, 501},
           {post + "Transfer-Encoding: gzip, chunked\r\n" + end, 501},
           {post + "Transfer-Encoding: chunked, chunked\r\n" + end, 501},
           {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + end, 400},
           {post + "Transfer-Encoding: identity\r\n" + end, 501},
           {post + "Transfer-Encoding: xchunked\r\n" + end, 501},
           {post + "Transfer-Encoding:\r\n" + end, 501},
           {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + end, 400},
           {post + "Expect: 100-continue\r\nContent-Length: 5\r\n" + end, 0},
           {post + "Expect: tea\r\n" + end, 417},
           {"POST / HTTP/1.0\r\nExpect: tea\r\n" + end, 0},
           // Not yet whole.
           {"GET / HTTP/1.1\r\n", 1},
           {"GET / HTTP/1.1\r", 1},
           {get, 1},
           {get + "\r", 1},
       }) {
    EXPECT_EQ(status_of(text), status) << text;
  }
}

TEST(Head, IsLimited) {
  const Limits limits{.header_bytes = 200, .target_bytes = 50};
  auto get = [](std::size_t target, std::size_t field) {
    return "GET /" + std::string(target - 1, 'a') + " HTTP/1.1\r\nHost: x\r\nA: " + std::string(field, 'b') +
           "\r\n\r\n";
  };
  EXPECT_EQ(status_of(get(50, 1), limits), 0U);
  EXPECT_EQ(status_of(get(51, 1), limits), 414U);
  EXPECT_EQ(status_of("GET /" + std::string(150, 'a'), limits), 414U);
  const std::size_t rest = get(10, 0).size();
  EXPECT_EQ(status_of(get(10, 200 - rest), limits), 0U);
  EXPECT_EQ(status_of(get(10, 201 - rest), limits), 431U);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nA: " + std::string(200, 'b'), limits), 431U);
  EXPECT_EQ(status_of("GET /" + std::string(8 * 1024 - 1, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 0U);
}

TEST(Head, IsFoundByteByByte) {
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  std::size_t scanned = 0;
  for (std::size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(find_head(std::string_view(text).substr(0, size), scanned, {}).value(), 0U);
  }
  EXPECT_EQ(find_head(text + "GET", scanned, {}).value(), text.size());
}

TEST(Head, SaysWhatTheRequestIs) {
  const std::string text =
      "PUT /a%20b?x=%2F&y HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nx-a:  1 \r\nX-A: 2\r\nExpect: "
      "100-Continue\r\n\r\n";
  auto head = parse_head(text, {});
  ASSERT_TRUE(head);
  const Request& request = head->request;
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target, "/a%20b?x=%2F&y");
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.query_value("x"), "/");
  EXPECT_EQ(request.query_value("y"), "");
  EXPECT_EQ(request.query_value("z"), std::nullopt);
  EXPECT_EQ(request.content_length, 7U);
  EXPECT_EQ(request.headers.find("HOST"), "x");
  EXPECT_EQ(request.headers.all("X-a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(request.headers.find("y"), std::nullopt);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_FALSE(head->chunked);
}

TEST(Head, SaysWhetherTheConnectionStays) {
  struct Case {
    std::string version, field;
    bool keep_alive;
  };
  for (const auto& [version, field, keep_alive] : std::vector<Case>{
           {"1.1", "", true},
           {"1.1", "Connection: close\r\n", false},
           {"1.1", "Connection: TE, Close\r\n", false},
           {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
           {"1.1", "Connection: close, keep-alive\r\n", false},
           {"1.1", "Connection: closed\r\n", true},
           {"1.0", "", false},
           {"1.0", "Connection: Keep-Alive\r\n", true},
           {"1.0", "Connection: close\r\nConnection: keep-alive\r\n", false},
       }) {
    auto head = parse_head("GET / HTTP/" + version + "\r\nHost: x\r\n" + field + "\r\n", {});
    ASSERT_TRUE(head);
    EXPECT_EQ(head->keep_alive, keep_alive) << version << " " << field;
  }
}

}  // namespace
}  // namespace lamina::http
