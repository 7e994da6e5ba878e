// SPDX-License-Identifier: Apache-2.0
#include "kube/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(JsonText, MembersAreFoundWhateverTheyHold) {
  const auto members =
      members_of(" {\"a\" : 1,\"b\":\"}\\\"],\\\\\" , \"c\":{\"d\":[{},\"]\"]},\n\"e\":null}\n");
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ(members->size(), 4U);
  EXPECT_EQ(value_of(*members, "a"), "1");
  EXPECT_EQ(value_of(*members, "b"), R"("}\"],\\")");
  EXPECT_EQ(value_of(*members, "c"), R"({"d":[{},"]"]})");
  EXPECT_EQ(value_of(*members, "e"), "");
  EXPECT_EQ(value_of(*members, "f"), "");
  EXPECT_THAT(*members_of("{ }"), IsEmpty());
}

TEST(JsonText, ElementsAreFound) {
  const auto elements = elements_of(R"([ 1 , "a,b" ,[2,3],{"x":[]} ])");
  ASSERT_TRUE(elements) << elements.error().message;
  EXPECT_THAT(*elements, ElementsAre("1", R"("a,b")", "[2,3]", R"({"x":[]})"));
  EXPECT_THAT(*elements_of("[]"), IsEmpty());
}

TEST(JsonText, WhatIsNoObjectIsRefused) {
  for (const char* text :
       {"", "<html>", "[]", "null", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1", "{\"a\":1,}",
        "{\"a\":\"}", "{\"a\":{}", "{a:1}", "{\"a\" 1}", "{} {}", "{\"a\":\"\\\"}"}) {
    EXPECT_FALSE(members_of(text)) << text;
  }
  for (const char* text : {"", "{}", "[", "[1", "[1,]", "[,1]", "[1 2]", "[1]]"}) {
    EXPECT_FALSE(elements_of(text)) << text;
  }
}

TEST(JsonText, StringsSayWhatTheyMean) {
  EXPECT_EQ(string_of(R"("plain")"), "plain");
  EXPECT_EQ(string_of(R"("")"), "");
  EXPECT_EQ(string_of(R"("a\"b\u0041\n")"), "a\"bA\n");
  EXPECT_EQ(string_of("1"), std::nullopt);
  EXPECT_EQ(string_of(""), std::nullopt);
}

TEST(JsonText, SpaceBetweenPartsGoes) {
  std::string out = ">";
  append_compact(out, "{\n  \"a b\": [1,\t2],\r\n \"c\": \" \\\" \" }");
  EXPECT_EQ(out, R"(>{"a b":[1,2],"c":" \" "})");
}

}  // namespace
}  // namespace lamina::kube
