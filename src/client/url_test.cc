// SPDX-License-Identifier: Apache-2.0
#include "client/url.h"

#include <gtest/gtest.h>

namespace lamina::client {
namespace {

TEST(UrlTest, Origin) {
  EXPECT_EQ(origin_of("HTTPS://Registry.Example/v2/").value(), "https://registry.example:443");
  EXPECT_EQ(origin_of("http://[::1]:5000/x?y").value(), "http://[::1]:5000");
  EXPECT_EQ(origin_of("http://user@host/").value(), "http://host:80");
  for (const char* bad : {"", "/v2/", "ftp://host/", "file:///etc/passwd", "https://", "https:host"}) {
    EXPECT_FALSE(origin_of(bad)) << bad;
  }
}

TEST(UrlTest, Loopback) {
  for (const char* name :
       {"127.0.0.1:5000", "127.9.9.9", "localhost", "localhost:1", "a.localhost:1", "[::1]:5000"}) {
    EXPECT_TRUE(is_loopback(name)) << name;
  }
  for (const char* name :
       {"127.0.0.1.example.com", "10.0.0.1", "localhost.example", "registry.local", "[::2]:1", ""}) {
    EXPECT_FALSE(is_loopback(name)) << name;
  }
}

TEST(UrlTest, Resolve) {
  const std::string base = "http://h:5000/v2/r/blobs/uploads/";
  EXPECT_EQ(resolve_url(base, "/v2/r/blobs/uploads/1?a=b%2F").value(),
            "http://h:5000/v2/r/blobs/uploads/1?a=b%2F");
  EXPECT_EQ(resolve_url(base, "?n=2").value(), "http://h:5000/v2/r/blobs/uploads/?n=2");
  EXPECT_EQ(resolve_url(base, "https://other/x#f").value(), "https://other/x");
  EXPECT_EQ(resolve_url(base, "//other/x").value(), "http://other/x");
  EXPECT_FALSE(resolve_url(base, "http://bad host/"));
}

TEST(UrlTest, Query) {
  std::string url = "http://h/x";
  add_query(url, "digest", "sha256:ab");
  add_query(url, "identity", "a&b=c d+");
  EXPECT_EQ(url, "http://h/x?digest=sha256:ab&identity=a%26b%3Dc%20d%2B");
}

TEST(UrlTest, NextLink) {
  const auto next = [](const char* value) { return next_link({{"Link", value}}); };
  EXPECT_EQ(next("</v2/_catalog?n=1&last=a>; rel=\"next\""), "/v2/_catalog?n=1&last=a");
  EXPECT_EQ(next("<a>;rel=next"), "a");
  EXPECT_EQ(next("<a>; rel=prev, <b,c>; title=\"x\"; rel=\"last next\""), "b,c");
  EXPECT_EQ(next("<a>; rel=nextish"), std::nullopt);
  EXPECT_EQ(next("<a; rel=next"), std::nullopt);
  EXPECT_EQ(next(""), std::nullopt);
  EXPECT_EQ(next_link({}), std::nullopt);
}

}  // namespace
}  // namespace lamina::client
