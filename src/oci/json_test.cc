// SPDX-License-Identifier: Apache-2.0
#include "oci/json.h"

#include <gmock/gmock.h>

#include <limits>

namespace lamina::oci {
namespace {

TEST(Json, ValuesOfEachType) {
  const auto json =
      parse_json(R"( {"s":"a\u00fc\ud83d\ude00","i":-9223372036854775808,"m":9223372036854775807,
                                    "u":9223372036854775808,"d":1.0,"e":1e3,"b":true,"n":null,
                                    "a":[1,[],{}],"o":{"x":""}} )");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(*json->find("s")->as<std::string>(), "a\u00fc\U0001f600");
  EXPECT_EQ(*json->find("i")->as<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(*json->find("m")->as<std::int64_t>(), std::numeric_limits<std::int64_t>::max());
  for (const std::string_view name : {"u", "d", "e"}) {
    EXPECT_EQ(json->find(name)->as<std::int64_t>(), nullptr) << name;
    EXPECT_NE(json->find(name)->as<double>(), nullptr) << name;
  }
  EXPECT_TRUE(*json->find("b")->as<bool>());
  EXPECT_EQ(json->find("n"), nullptr);
  EXPECT_EQ(json->find("absent"), nullptr);
  EXPECT_EQ(json->find("a")->as<Json::Array>()->size(), 3U);
  EXPECT_EQ(*json->find("o")->find("x")->as<std::string>(), "");
  EXPECT_EQ(json->find("s")->find("x"), nullptr);
  EXPECT_EQ(json->as<Json::Object>()->front().name, "s");
}

TEST(Json, LongStringsArriveWhole) {
  const std::string text(100'000, 'x');
  const auto json = parse_json("{\"" + text + "\\n\":\"\\t" + text + "\"}");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json->find(text + "\n")->as<std::string>(), "\t" + text);
}

TEST(Json, Refuses) {
  const std::string_view cases[] = {
      "",
      " ",
      "{",
      "}",
      "[",
      "[1,]",
      "{\"a\":1,}",
      "{a:1}",
      "{'a':1}",
      "nul",
      "NaN",
      "Infinity",
      "01",
      "+1",
      ".5",
      "1.",
      "-",
      "0x1",
      "\"",
      "\"\n\"",
      "\"\\x\"",
      "\"\\ud800\"",
      "\"\\udc00\"",
      "\"\\ud800\\u0041\"",
      "1 2",
      "{} {}",
      "{}x",
      "// c\n1",
      "/* c */1",
      "\xef\xbb\xbf{}",
      // UTF-8: lone continuation, overlong, surrogate, past the end, cut short; in a value and in a name.
      "\"\x80\"",
      "\"\xc0\x80\"",
      "\"\xe0\x80\x80\"",
      "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"",
      "\"\xf5\x80\x80\x80\"",
      "\"\xe2\x82\"",
      "{\"\xff\":1}",
      "{\"\xed\xa0\x80\":1}",
      // Names that come twice, also where an escape hides it, at any depth.
      R"({"a":1,"a":1})",
      R"({"a":1,"b":2,"\u0061":3})",
      R"([[{"x":{"":1,"":2}}]])",
      R"({"a":null,"a":null})",
  };
  for (const std::string_view text : cases) {
    const auto json = parse_json(text);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code, Code::kInvalid) << text;
    EXPECT_THAT(json.error().message, testing::HasSubstr("at byte ")) << text;
  }
  EXPECT_FALSE(parse_json(std::string_view("{}\0", 3)));
}

TEST(Json, SameNameInDifferentObjectsIsFine) {
  EXPECT_TRUE(parse_json(R"({"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}})"));
}

TEST(Json, DepthIsLimited) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)));
  EXPECT_FALSE(parse_json(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(parse_json(std::string(4'000'000, '[')));
}

TEST(Json, NumberOfValuesIsLimited) {
  EXPECT_TRUE(parse_json("[1,2,3]", 4));
  const auto json = parse_json("[1,2,3,4]", 4);
  ASSERT_FALSE(json);
  EXPECT_THAT(json.error().message, testing::HasSubstr("more than 4 values"));
}

}  // namespace
}  // namespace lamina::oci
