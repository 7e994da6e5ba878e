// SPDX-License-Identifier: Apache-2.0
#include "http/multipart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace lamina::http {
namespace {

constexpr std::string_view kType = "multipart/related; boundary=b; type=\"application/json\"";

struct Parts {
  std::string first, second, second_type;
  bool operator==(const Parts&) const = default;
};

/// Feeds `body` in pieces of `size`.
Result<Parts> read_in_pieces(std::string_view body, std::size_t size, std::size_t first_limit = 100) {
  LAMINA_ASSIGN(auto reader, MultipartReader::create(kType, first_limit));
  Parts parts;
  bool seen_first = false;
  bool seen_second = false;
  for (auto rest = std::as_bytes(std::span(body)); !rest.empty();) {
    auto piece = rest.first(std::min(size, rest.size()));
    rest = rest.subspan(piece.size());
    for (auto event = MultipartReader::Event::kData; event != MultipartReader::Event::kMore;) {
      LAMINA_ASSIGN(auto step, reader.step(piece));
      event = step.event;
      switch (event) {
        case MultipartReader::Event::kFirst: seen_first = true; break;
        case MultipartReader::Event::kSecond: seen_second = seen_first; break;
        case MultipartReader::Event::kData:
          EXPECT_TRUE(seen_second);
          parts.second.append(reinterpret_cast<const char*>(step.data.data()), step.data.size());
          break;
        case MultipartReader::Event::kMore: EXPECT_TRUE(piece.empty()); break;
        case MultipartReader::Event::kEnd:
          EXPECT_TRUE(seen_second);
          parts.first = reader.first_body();
          parts.second_type = reader.second_headers().find("Content-Type").value_or("");
          LAMINA_TRY(reader.finish());
          return parts;
      }
    }
  }
  LAMINA_TRY(reader.finish());
  return parts;
}

std::string body_of(std::string_view first, std::string_view second) {
  return "--b\r\nContent-Type: application/json\r\n\r\n" + std::string(first) +
         "\r\n--b\r\nContent-Type: x/y\r\n\r\n" + std::string(second) + "\r\n--b--\r\n";
}

TEST(Multipart, GivesBothPartsHoweverTheyArrive) {
  for (std::string second : {"", "x", "\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\n\r\n--", "--", "x--b--",
                             "\r\r\n--a", "\r\n--B", "-\r\n--\r\n-\r", "\r\n\r\n"}) {
    for (std::string first : {"{}", "", "\r\n", "{\r\n--\r\n}"}) {
      auto body = body_of(first, second);
      for (std::size_t size = 1; size <= body.size(); ++size) {
        EXPECT_EQ(read_in_pieces(body, size), (Parts{first, second, "x/y"}))
            << body << " in pieces of " << size;
      }
    }
  }
}

TEST(Multipart, AllowsWhatRfc2046Allows) {
  for (std::string body : {
           "\r\n--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--",
           "preamble\r\n--b \t\r\n\r\n1\r\n--b\t\r\n\r\n2\r\n--b-- epilogue\r\n--b\r\n",
           "--b\r\nA: b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--",
       }) {
    for (std::size_t size : {1U, 3U, 1000U})
      EXPECT_EQ(read_in_pieces(body, size), (Parts{"1", "2", ""})) << body;
  }
  EXPECT_EQ(read_in_pieces("--b\r\n\r\n--b\r\n\r\n--b--", 1), Parts{});
}

TEST(Multipart, IsRefused) {
  struct Case {
    std::string body;
    Code code;
  };
  const std::string second = "\r\n--b\r\n\r\n2\r\n--b--";
  for (const auto& [body, code] : std::vector<Case>{
           {"", Code::kInvalid},
           {"no boundary at all", Code::kInvalid},
           {std::string(5000, 'x'), Code::kInvalid},
           {"--b", Code::kInvalid},
           {"--b--", Code::kInvalid},
           {"--b\n\n1\n--b\n\n2\n--b--", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--b--", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--b\r\n\r\n2", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b-", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b-x", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--bc\r\n\r\n2\r\n--b--", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--b\rx\r\n2\r\n--b--", Code::kInvalid},
           {"--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b\r\n\r\n3\r\n--b--", Code::kInvalid},
           {"--b\r\nno colon\r\n\r\n1" + second, Code::kInvalid},
           {"--b\r\n: x\r\n\r\n1" + second, Code::kInvalid},
           {"--b\r\nA: b\r\n folded\r\n\r\n1" + second, Code::kInvalid},
           {"--b\r\nA: b\nC: d\r\n\r\n1" + second, Code::kInvalid},
           {"--b\r\nA: " + std::string(9000, 'x') + "\r\n\r\n1" + second, Code::kTooLarge},
           {"--b\r\n\r\n" + std::string(101, 'x') + second, Code::kTooLarge},
       }) {
    for (std::size_t size : {1UL, 7UL, 100'000UL}) {
      auto parts = read_in_pieces(body, size);
      ASSERT_FALSE(parts) << body.substr(0, 100);
      EXPECT_EQ(parts.error().code, code) << body.substr(0, 100);
    }
  }
  EXPECT_TRUE(read_in_pieces("--b\r\n\r\n" + std::string(100, 'x') + second, 7));
}

TEST(Multipart, NeedsABoundary) {
  for (std::string type :
       {"", "application/json", "multipart/related", "multipart/form-data; boundary=b",
        "multipart/related; boundary=", "multipart/related; boundary=\"a \"",
        "multipart/related; boundary=\"\xc3\xbc\"", "multipart/related; boundary=\"a\\\rb\""}) {
    EXPECT_FALSE(MultipartReader::create(type, 1)) << type;
  }
  EXPECT_FALSE(MultipartReader::create("multipart/related; boundary=" + std::string(71, 'x'), 1));
  EXPECT_TRUE(MultipartReader::create("multipart/related; boundary=" + std::string(70, 'x'), 1));
  EXPECT_TRUE(MultipartReader::create("Multipart/Related; boundary=\"a b:=?\"", 1));
}

}  // namespace
}  // namespace lamina::http
