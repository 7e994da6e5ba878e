// SPDX-License-Identifier: Apache-2.0
#include "controller/fenced_api.h"

#include <gtest/gtest.h>

#include "kube/testing/fake_api.h"

namespace lamina::controller {
namespace {

TEST(FencedApi, WhoDoesNotLeadReadsAndDoesNotWrite) {
  const kube::ResourceType type{.group = "", .version = "v1", .plural = "configmaps", .kind = "ConfigMap"};
  const kube::ObjectKey key{.namespace_name = "a", .name = "b"};
  const std::string json =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"a","name":"b"}})";
  kube::testing::FakeApi inner;
  inner.add_type(type);
  FencedApi fenced(inner);
  kube::Api& api = fenced;
  ASSERT_TRUE(api.create(type, "a", json));
  fenced.close(true);
  EXPECT_TRUE(api.get(type, key));
  EXPECT_EQ(api.create(type, "a", json).error().code, Code::kConflict);
  EXPECT_EQ(api.update(type, key, json).error().code, Code::kConflict);
  EXPECT_EQ(api.patch(type, key, kube::PatchType::kMerge, "{}").error().code, Code::kConflict);
  EXPECT_EQ(api.remove(type, key).error().code, Code::kConflict);
  EXPECT_TRUE(inner.find(type, key));
  fenced.close(false);
  EXPECT_TRUE(api.remove(type, key));
}

}  // namespace
}  // namespace lamina::controller
