// SPDX-License-Identifier: Apache-2.0
#include "kube/object.h"

#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

constexpr std::string_view kObject = R"({
  "apiVersion": "v1", "kind": "ConfigMap",
  "metadata": {"name": "x", "namespace": "a", "uid": "u-1", "resourceVersion": "42", "generation": 7,
    "managedFields": [{"manager": "m", "fieldsV1": {"f:data": {}}}], "labels": {"k": "v"},
    "deletionTimestamp": "2026-01-01T00:00:00Z"},
  "data": {"text": "a\n b", "managedFields": "kept"}})";
constexpr std::string_view kCompact =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"a","uid":"u-1",)"
    R"("resourceVersion":"42","generation":7,"labels":{"k":"v"},"deletionTimestamp":"2026-01-01T00:00:00Z"},)"
    R"("data":{"text":"a\n b","managedFields":"kept"}})";

void expect_object(const Object& object) {
  EXPECT_EQ(object.key, (ObjectKey{"a", "x"}));
  EXPECT_EQ(object.uid, "u-1");
  EXPECT_EQ(object.resource_version, "42");
  EXPECT_EQ(object.generation, 7);
  EXPECT_TRUE(object.deleting);
  EXPECT_EQ(object.json, kCompact);
}

TEST(Object, IsReadFromText) {
  const auto object = parse_object(kObject);
  ASSERT_TRUE(object) << object.error().message;
  expect_object(*object);
}

TEST(Object, IsReadFromAPartOfADocument) {
  const auto json = oci::parse_json(kObject);
  ASSERT_TRUE(json);
  const auto object = object_of(*json);
  ASSERT_TRUE(object) << object.error().message;
  expect_object(*object);
}

TEST(Object, OfTheClusterHasNoNamespace) {
  const auto object = parse_object(R"({"metadata":{"name":"n","deletionTimestamp":null}})");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->key.to_string(), "n");
  EXPECT_EQ(object->generation, 0);
  EXPECT_FALSE(object->deleting);
}

TEST(Object, NeedsAName) {
  for (const char* text : {"", "[]", "{}", R"({"metadata":{}})", R"({"metadata":{"name":""}})",
                           R"({"metadata":{"name":7}})", R"({"metadata":[]})", R"({"metadata":null})"}) {
    const auto object = parse_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().code, Code::kInvalid) << text;
  }
}

TEST(Object, TextKeepsValuesAndOrder) {
  constexpr std::string_view kText =
      R"({"z":[1,-2,1.5,1e+300,true,false,null,{}],"a":"<\"\n>","n":9223372036854775807})";
  const auto json = oci::parse_json(kText);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(to_text(*json), kText);
}

}  // namespace
}  // namespace lamina::kube
