// SPDX-License-Identifier: Apache-2.0
#include "cluster/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lamina::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Manifests, YamlBecomesJson) {
  const auto documents = read_documents(
      "---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
      "  tagged: !!str 1\n  yes: \"true\"\n  number: '1'\n  block: |\n    two\n    lines\n"
      "list: [1, -2, 1.5, 1e3, 0x10, 01, .5, true, False, null, ~, text, \"\", 1.0.0]\nempty:\n"
      "---\n{\"kind\": \"JSON\", \"n\": 12345678901234567890}\n");
  ASSERT_TRUE(documents) << documents.error().message;
  EXPECT_THAT(
      *documents,
      ElementsAre("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":"
                  "{\"tagged\":\"1\",\"yes\":\"true\",\"number\":\"1\",\"block\":\"two\\nlines\\n\"},"
                  "\"list\":[1,-2,1.5,1e3,"
                  "\"0x10\",\"01\",\".5\",true,false,null,null,\"text\",\"\",\"1.0.0\"],\"empty\":null}",
                  "{\"kind\":\"JSON\",\"n\":12345678901234567890}"));
}

TEST(Manifests, RefusesWhatIsNoObject) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k > 0 ? "," : "") + last;
    bomb += "]\n";
  }
  const struct {
    std::string text;
    std::string expected;
  } kCases[] = {
      {"- a\n", "expected documents that are objects"},
      {"text", "expected documents that are objects"},
      {"a: [", "expected YAML or JSON: yaml-cpp: error at line"},
      {"a: 1\na: 2\n", "line 2: expected names that are strings and come once, found a"},
      {"{x: " + std::string(100, '[') + std::string(100, ']') + "}", "the document is nested too deeply"},
      {bomb, "the document has more than"},
  };
  for (const auto& c : kCases) {
    const auto documents = read_documents(c.text);
    ASSERT_FALSE(documents) << c.expected;
    EXPECT_THAT(documents.error().message, HasSubstr(c.expected));
  }
}

}  // namespace
}  // namespace lamina::cluster
