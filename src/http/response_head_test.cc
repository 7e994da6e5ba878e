// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.h"

#include <gtest/gtest.h>

#include "http/date.h"

namespace lamina::http {
namespace {

TEST(ResponseHead, IsSerialised) {
  Response response;
  response.status = 206;
  response.headers.add("ETag", "\"x\"");
  response.headers.add("content-length", "7");  // Not the handler's to say.
  response.headers.add("Transfer-Encoding", "chunked");
  EXPECT_EQ(
      serialise_head(response, {.content_length = 5, .connection = "close", .date = "D"}),
      "HTTP/1.1 206 Partial Content\r\nDate: D\r\nServer: lamina\r\nETag: \"x\"\r\nContent-Length: 5\r\n"
      "Connection: close\r\n\r\n");
  response = {};
  response.status = 299;
  EXPECT_EQ(serialise_head(response, {.content_length = {}, .connection = {}, .date = "D"}),
            "HTTP/1.1 299 \r\nDate: D\r\nServer: lamina\r\n\r\n");
}

TEST(ResponseHead, CannotBeBrokenApart) {
  auto serialises = [](unsigned status, std::string name, std::string value) {
    Response response;
    response.status = status;
    response.headers.add(std::move(name), std::move(value));
    return serialise_head(response, {.content_length = 0, .connection = {}, .date = "D"}).has_value();
  };
  EXPECT_TRUE(serialises(200, "A", "b\t\xc3\xbc"));
  EXPECT_FALSE(serialises(200, "A", "b\r\nC: d"));
  EXPECT_FALSE(serialises(200, "A", "b\n"));
  EXPECT_FALSE(serialises(200, "A", std::string("\0", 1)));
  EXPECT_FALSE(serialises(200, "A:", "b"));
  EXPECT_FALSE(serialises(200, "", "b"));
  EXPECT_FALSE(serialises(100, "A", "b"));
  EXPECT_FALSE(serialises(600, "A", "b"));
}

TEST(ResponseHead, SomeAnswersHaveNoBody) {
  EXPECT_TRUE(has_body(200));
  EXPECT_TRUE(has_body(404));
  EXPECT_FALSE(has_body(204));
  EXPECT_FALSE(has_body(304));
}

TEST(Date, IsWritten) {
  EXPECT_EQ(format_date(UnixTime(std::chrono::seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(UnixTime(std::chrono::seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(UnixTime(std::chrono::seconds(951782399))), "Mon, 28 Feb 2000 23:59:59 GMT");
}

TEST(Date, FollowsTheClock) {
  struct FakeClock final : Clock {
    UnixTime time{std::chrono::seconds(784111777)};
    UnixTime now() const override { return time; }
  } clock;
  DateCache cache(clock);
  EXPECT_EQ(cache.now(), "Sun, 06 Nov 1994 08:49:37 GMT");
  clock.time += std::chrono::seconds(1);
  EXPECT_EQ(cache.now(), "Sun, 06 Nov 1994 08:49:38 GMT");
}

}  // namespace
}  // namespace lamina::http
