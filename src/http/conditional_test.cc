// SPDX-License-Identifier: Apache-2.0
#include "http/conditional.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lamina::http {
namespace {

using Present = std::optional<EntityTag>;
const EntityTag kA{.opaque = "a"};
const EntityTag kWeakA{.opaque = "a", .weak = true};

TEST(EntityTags, MatchStronglyAndWeakly) {
  struct Case {
    std::vector<std::string> fields;
    Present present;
    bool strongly, weakly;
  };
  for (const auto& [fields, present, strongly, weakly] : std::vector<Case>{
           {{R"("a")"}, kA, true, true},
           {{R"("b")"}, kA, false, false},
           {{R"(W/"a")"}, kA, false, true},
           {{R"("a")"}, kWeakA, false, true},
           {{R"(W/"a")"}, kWeakA, false, true},
           {{R"("b", "a")"}, kA, true, true},
           {{R"("b","a" ,, "c",)"}, kA, true, true},
           {{R"("x,\"a")"}, EntityTag{.opaque = "x,\\"}, false, false},
           {{R"("a,b")"}, EntityTag{.opaque = "a,b"}, true, true},
           {{R"("b")", R"("a")"}, kA, true, true},
           {{R"("")"}, EntityTag{}, true, true},
           {{"*"}, kA, true, true},
           {{" * "}, kWeakA, true, true},
           {{"*"}, std::nullopt, false, false},
           {{R"("a")"}, std::nullopt, false, false},
       }) {
    Headers headers;
    for (const auto& field : fields) headers.add("If-Match", field);
    auto list = parse_entity_tags(headers, "if-match");
    if (fields.front().starts_with(R"("x)")) {  // A backslash escapes nothing in an entity tag.
      EXPECT_FALSE(list);
      continue;
    }
    ASSERT_TRUE(list && *list) << fields.front();
    EXPECT_EQ((*list)->matches_strongly(present), strongly) << fields.front();
    EXPECT_EQ((*list)->matches_weakly(present), weakly) << fields.front();
  }
}

TEST(EntityTags, AreAbsentOrMalformed) {
  auto absent = parse_entity_tags({}, "If-Match");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
  for (std::string field : {"", ",", "a", "\"a", "a\"", "w/\"a\"", "W/ \"a\"", "W/a", "\"a\" \"b\"", "\"a\"b",
                            "*, \"a\"", "\"a\", *", "\"a b\"", "\"a\x7f\""}) {
    Headers headers;
    headers.add("If-None-Match", field);
    auto list = parse_entity_tags(headers, "If-None-Match");
    ASSERT_FALSE(list) << field;
    EXPECT_EQ(list.error().code, Code::kInvalid);
  }
}

TEST(EntityTags, AreReadAndWrittenAlone) {
  for (const auto& tag : {kA, kWeakA, EntityTag{}}) EXPECT_EQ(parse_entity_tag(to_string(tag)), tag);
  EXPECT_EQ(parse_entity_tag(" \"sha256:0\" "), EntityTag{.opaque = "sha256:0"});
  EXPECT_FALSE(parse_entity_tag("\"a\", \"b\""));
  EXPECT_FALSE(parse_entity_tag("Sun, 06 Nov 1994 08:49:37 GMT"));
}

}  // namespace
}  // namespace lamina::http
