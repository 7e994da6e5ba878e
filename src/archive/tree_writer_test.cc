// SPDX-License-Identifier: Apache-2.0
#include "archive/tree_writer.h"

#include <gtest/gtest.h>

#include "archive/testing/temporary_tree.h"

namespace lamina::archive {
namespace {

// Links that somebody else put into the tree, which an archive cannot do.
TEST(TreeWriter, FollowsNoLinkThatIsInItsWay) {
  const TemporaryTree tree;
  tree.directory("outside");
  tree.file("outside/file", "untouched");
  tree.directory("root");
  std::filesystem::create_symlink("../outside", tree.path() / "root/directory");
  std::filesystem::create_symlink("../outside/file", tree.path() / "root/file");
  std::filesystem::create_symlink("../outside/new", tree.path() / "root/dangling");

  auto writer = TreeWriter::open(tree.path() / "root");
  ASSERT_TRUE(writer.has_value()) << writer.error().message;
  for (const Result<void>& result :
       {writer->add_directory({"directory"}, 0700), writer->add_directory({"directory", "new"}, 0755),
        writer->create_file({"directory", "new"}), writer->create_file({"file"}),
        writer->create_file({"dangling"}), writer->add_directory({"dangling"}, 0755)}) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::kInvalid) << result.error().message;
  }
  EXPECT_EQ(tree.read("outside/file"), "untouched");
  EXPECT_FALSE(std::filesystem::exists(tree.path() / "outside/new"));
  EXPECT_EQ(std::filesystem::status(tree.path() / "outside").permissions(), std::filesystem::perms(0755));

  std::filesystem::create_directory_symlink("outside", tree.path() / "link");
  EXPECT_FALSE(TreeWriter::open(tree.path() / "link").has_value());
}

// Archives are mostly, but need not be, in the order of a walk.
TEST(TreeWriter, FindsItsWayInAnyOrder) {
  const TemporaryTree tree;
  auto writer = TreeWriter::open(tree.path());
  ASSERT_TRUE(writer.has_value()) << writer.error().message;
  for (const std::vector<std::string>& path : std::vector<std::vector<std::string>>{
           {"a", "b", "c", "1"}, {"a", "2"}, {"a", "b", "3"}, {"4"}, {"x", "b", "5"}, {"a", "b", "c", "6"}}) {
    ASSERT_TRUE(writer->create_file(path).has_value());
    ASSERT_TRUE(writer->write(std::as_bytes(std::span(path.back()))).has_value());
    ASSERT_TRUE(writer->close_file(0600).has_value());
  }
  for (const char* name : {"a/b/c/1", "a/2", "a/b/3", "4", "x/b/5", "a/b/c/6"}) {
    EXPECT_EQ(tree.read(name), std::string(1, std::string_view(name).back())) << name;
  }
}

}  // namespace
}  // namespace lamina::archive
