// SPDX-License-Identifier: Apache-2.0
#include "oci/json_writer.h"

#include <gmock/gmock.h>

#include "oci/json.h"
#include "oci/quote.h"

namespace lamina::oci {
namespace {

std::string written(std::string_view text, JsonEscapes escapes) {
  std::string out;
  append_json_string(out, text, escapes);
  return out;
}

TEST(JsonWriter, Nests) {
  JsonWriter out;
  out.begin_object()
      .name("a")
      .begin_array()
      .integer(-1)
      .integer(18446744073709551615U)
      .string("x")
      .end_array();
  out.name("b").begin_object().end_object().name("c").boolean(true).name("d").raw("null");
  out.name("e").begin_array().begin_array().end_array().begin_object().end_object().end_array().end_object();
  EXPECT_EQ(out.take(), R"({"a":[-1,18446744073709551615,"x"],"b":{},"c":true,"d":null,"e":[[],{}]})");
}

struct Escaped {
  std::string_view text;
  std::string_view go;
  std::string_view minimal;
};

TEST(JsonWriter, Escapes) {
  using namespace std::string_view_literals;
  const Escaped cases[] = {
      {"", R"("")", R"("")"},
      {"a/'\x7f", "\"a/'\x7f\"", "\"a/'\x7f\""},
      {"\"\\\b\f\n\r\t", R"("\"\\\b\f\n\r\t")", R"("\"\\\b\f\n\r\t")"},
      {"\0\x01\x0b\x1f"sv, R"("\u0000\u0001\u000b\u001f")", R"("\u0000\u0001\u000b\u001f")"},
      {"<a>&", R"("\u003ca\u003e\u0026")", R"("<a>&")"},
      {"\u2027\u2028\u2029\u202a", "\"\u2027\\u2028\\u2029\u202a\"", "\"\u2027\u2028\u2029\u202a\""},
      {"\u00fc\u20ac\U0001f600", "\"\u00fc\u20ac\U0001f600\"", "\"\u00fc\u20ac\U0001f600\""},
      {"a\xff\xe2\x82", R"("a\ufffd\ufffd\ufffd")", R"("a\ufffd\ufffd\ufffd")"},
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")", R"("\ufffd\ufffd\ufffd")"},
  };
  for (const auto& [text, go, minimal] : cases) {
    EXPECT_EQ(written(text, JsonEscapes::kGo), go);
    EXPECT_EQ(written(text, JsonEscapes::kMinimal), minimal);
  }
}

TEST(JsonWriter, AnyBytesGiveAStringThatParses) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      for (const JsonEscapes escapes : {JsonEscapes::kGo, JsonEscapes::kMinimal}) {
        const auto json = parse_json(written(text, escapes));
        ASSERT_TRUE(json) << first << ' ' << second;
        if (first < 128 && second < 128) {
          EXPECT_EQ(*json->as<std::string>(), text);
        }
      }
    }
  }
}

TEST(Quote, IsPrintableAndShort) {
  EXPECT_EQ(quote("a b"), "'a b'");
  EXPECT_EQ(quote("\n\xff"), R"('\x0a\xff')");
  EXPECT_EQ(quote(std::string(80, 'a')), "'" + std::string(80, 'a') + "'");
  EXPECT_EQ(quote(std::string(81, 'a')), "'" + std::string(80, 'a') + "...'");
}

}  // namespace
}  // namespace lamina::oci
