// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace lamina::http {
namespace {

struct Decoded {
  std::string body, rest;
  bool operator==(const Decoded&) const = default;
};

/// Nothing where the coding is broken or does not end.
std::optional<Decoded> decode(std::string_view text, std::size_t in_size, std::size_t out_size) {
  ChunkedDecoder decoder;
  Decoded decoded;
  std::vector<std::byte> out(out_size);
  while (!decoder.done()) {
    if (text.empty()) return std::nullopt;
    auto step = decoder.decode(std::as_bytes(std::span(text.substr(0, in_size))), out);
    if (!step) {
      EXPECT_EQ(step.error().status, 400U);
      return std::nullopt;
    }
    decoded.body.append(reinterpret_cast<const char*>(out.data()), step->produced);
    text.remove_prefix(step->consumed);
  }
  decoded.rest = text;
  return decoded;
}

constexpr std::array<std::size_t, 3> kSizes{1, 3, 1000};

TEST(Chunked, IsDecodedHoweverItArrives) {
  struct Case {
    std::string text;
    Decoded decoded;
  };
  for (const auto& [text, decoded] : std::vector<Case>{
           {"0\r\n\r\n", {"", ""}},
           {"5\r\nhello\r\n0\r\n\r\nGET /", {"hello", "GET /"}},
           {"a\r\n0123456789\r\n1;x=y\r\n!\r\n00\r\n\r\n", {"0123456789!", ""}},
           {"A ; x=\"y\"\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", {"\r\n\r\n\r\n\r\n\r\n", ""}},
           {"0000000000000001\r\nx\r\n0\r\nTrailer: x\r\nOther:\r\n\r\n", {"x", ""}},
       }) {
    for (auto in : kSizes) {
      for (auto out : kSizes) EXPECT_EQ(decode(text, in, out), decoded) << text;
    }
  }
}

TEST(Chunked, IsRefused) {
  for (std::string text : {std::string("\r\n"),
                           std::string("x\r\n"),
                           std::string("-1\r\n"),
                           std::string("0x1\r\nx\r\n"),
                           std::string("1\nx\n0\n\n"),
                           std::string("1\r\nxy\r\n"),
                           std::string("1\r\nx\n"),
                           std::string("1\r\nx\rx"),
                           std::string("1\rx"),
                           std::string(" 1\r\nx"),
                           std::string("5,5\r\n"),
                           std::string("fffffffffffffffff\r\n"),
                           std::string("10000000000000000\r\n"),
                           std::string(300, '0') + "\r\n\r\n",
                           "1;" + std::string(300, 'x') + "\r\nx\r\n0\r\n\r\n",
                           std::string("1;\x01\r\nx\r\n0\r\n\r\n"),
                           std::string("0\r\nA: b\n\r\n"),
                           std::string("0\r\nA: b\rx"),
                           std::string("0\r\n\rx"),
                           "0\r\nA: " + std::string(9000, 'x') + "\r\n\r\n",
                           std::string("5\r\nhel")}) {
    for (auto size : kSizes) EXPECT_FALSE(decode(text, size, size)) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace lamina::http
