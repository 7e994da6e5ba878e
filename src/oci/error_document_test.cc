// SPDX-License-Identifier: Apache-2.0
#include "oci/error_document.h"

#include <gmock/gmock.h>

namespace lamina::oci {
namespace {

TEST(ErrorDocument, IsThatOfTheSpec) {
  EXPECT_EQ(error_document("BLOB_UNKNOWN", "no such blob"),
            "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"no such blob\"}]}\n");
  EXPECT_EQ(error_document("MANIFEST_INVALID", "say \"<x>\"", R"({"field":"layers"})"),
            R"({"errors":[{"code":"MANIFEST_INVALID","message":"say \"<x>\"","detail":{"field":"layers"}}]})"
            "\n");
}

TEST(ErrorDocument, ParseIsTheInverse) {
  const std::string message = "a\n<\u2028>\"";
  EXPECT_EQ(parse_error_document(error_document("DENIED", message, "[1]")), (ErrorEntry{"DENIED", message}));
}

TEST(ErrorDocument, ParseTakesTheFirst) {
  EXPECT_EQ(parse_error_document(R"({"x":1,"errors":[{"code":"A"},{"code":"B","message":"b"}]})"),
            (ErrorEntry{"A", ""}));
  EXPECT_EQ(parse_error_document(R"({"errors":[{"code":"A","message":null,"detail":"d"}]})"),
            (ErrorEntry{"A", ""}));
}

TEST(ErrorDocument, OtherBodiesAreNone) {
  for (const std::string_view body :
       {"", "<html>502</html>", "[]", "{}", R"({"errors":null})", R"({"errors":{}})", R"({"errors":[]})",
        R"({"errors":["A"]})", R"({"errors":[{}]})", R"({"errors":[{"code":1}]})",
        R"({"errors":[{"code":"A"}]}x)"}) {
    EXPECT_FALSE(parse_error_document(body)) << body;
  }
}

}  // namespace
}  // namespace lamina::oci
