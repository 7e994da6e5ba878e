// SPDX-License-Identifier: Apache-2.0
#include "kube/cache.h"

#include <gtest/gtest.h>

#include <string>

namespace lamina::kube {
namespace {

Object object(std::string name, std::string version, std::string uid = "u") {
  return {.key = {"n", std::move(name)},
          .uid = std::move(uid),
          .resource_version = std::move(version),
          .json = R"({"kind":"ConfigMap"})"};
}

class CacheTest : public testing::Test {
 protected:
  /// The changes since the last call, such as `+a@1 a@1>2 -a@3`.
  std::string changes() {
    std::string text;
    for (const Change& change : cache_.take_changes()) {
      if (!text.empty()) text += ' ';
      const std::string name = change.now->key.name + "@";
      EXPECT_EQ(change.before == nullptr, change.kind == ChangeKind::kAdded);
      switch (change.kind) {
        case ChangeKind::kAdded: text += "+" + name; break;
        case ChangeKind::kModified: text += name + change.before->resource_version + ">"; break;
        case ChangeKind::kDeleted: text += "-" + name; break;
      }
      text += change.now->resource_version;
    }
    return text;
  }

  ObjectCache cache_;
};

TEST_F(CacheTest, SaysWhatChanges) {
  cache_.present(object("a", "1"));
  EXPECT_EQ(changes(), "+a@1");
  cache_.present(object("a", "2"));
  EXPECT_EQ(changes(), "a@1>2");
  EXPECT_EQ(cache_.find({"n", "a"})->resource_version, "2");
  cache_.present(object("a", "2"));
  EXPECT_EQ(changes(), "");
  cache_.gone(object("a", "3"));
  EXPECT_EQ(changes(), "-a@3");
  EXPECT_EQ(cache_.find({"n", "a"}), nullptr);
  cache_.gone(object("a", "3"));
  EXPECT_EQ(changes(), "");
}

TEST_F(CacheTest, TellsKeysOfNamespacesApart) {
  cache_.present(object("a", "1"));
  cache_.present({.key = {"m", "a"}, .resource_version = "2"});
  cache_.present({.key = {"", "a"}, .resource_version = "3"});
  EXPECT_EQ(cache_.size(), 3U);
  EXPECT_EQ(cache_.find({"m", "a"})->resource_version, "2");
  EXPECT_EQ(cache_.find({"o", "a"}), nullptr);
  EXPECT_EQ(cache_.all().size(), 3U);
}

TEST_F(CacheTest, TakesAnotherUidForAnotherObject) {
  cache_.present(object("a", "1", "old"));
  EXPECT_EQ(changes(), "+a@1");
  cache_.present(object("a", "9", "new"));
  EXPECT_EQ(changes(), "-a@1 +a@9");
  EXPECT_EQ(cache_.find({"n", "a"})->uid, "new");
}

TEST_F(CacheTest, SaysOnlyTheDifferencesOfAList) {
  for (const char* name : {"a", "b", "c"}) cache_.present(object(name, "1"));
  cache_.take_changes();
  cache_.list_begins();
  cache_.present(object("a", "1"));
  cache_.present(object("b", "5"));
  cache_.present(object("d", "4"));
  EXPECT_EQ(changes(), "b@1>5 +d@4");
  cache_.list_ends();
  EXPECT_EQ(changes(), "-c@1");
  EXPECT_EQ(cache_.size(), 3U);
}

TEST_F(CacheTest, KeepsNothingThatOnlyABrokenOffListHad) {
  cache_.list_begins();
  cache_.present(object("a", "1"));
  cache_.present(object("b", "1"));
  cache_.list_begins();
  cache_.present(object("b", "1"));
  cache_.list_ends();
  EXPECT_EQ(changes(), "+a@1 +b@1 -a@1");
}

TEST_F(CacheTest, KeepsWhatItIsTold) {
  ObjectCache cache([](const Object& object) { return object.key.name; });
  cache.present(object("a", "1"));
  EXPECT_EQ(cache.find({"n", "a"})->json, "a");
  EXPECT_EQ(cache.take_changes().front().now->json, "a");
  cache.gone(object("a", "2"));
  EXPECT_EQ(cache.take_changes().front().now->json, "a");
}

}  // namespace
}  // namespace lamina::kube
