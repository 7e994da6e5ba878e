// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "archive/testing/memory_stream.h"
#include "archive/testing/temporary_tree.h"
#include "lamina/archive.h"
#include "lamina/digest.h"

namespace lamina::archive {
namespace {

namespace fs = std::filesystem;

struct Packed {
  PackStats stats;
  std::string bytes;
};

Packed pack(const fs::path& directory, const PackOptions& options) {
  StringSink sink;
  auto stats = pack_directory(directory, options, sink);
  EXPECT_TRUE(stats.has_value()) << stats.error().message;
  return {stats.value_or(PackStats{}), std::move(sink.text)};
}

Packed pack_tar(const fs::path& directory, PackOptions options = {}) {
  options.gzip = false;
  return pack(directory, options);
}

Error pack_error(const fs::path& directory, const PackOptions& options = {}) {
  StringSink sink;
  const auto stats = pack_directory(directory, options, sink);
  EXPECT_FALSE(stats.has_value());
  return stats ? Error{} : stats.error();
}

/// Names of an archive whose names all fit the ustar name field.
std::string names_of(const std::string& tar) {
  std::string names;
  for (std::size_t at = 0; tar.at(at) != '\0';) {
    names.append(tar.c_str() + at).append(" ");
    const std::size_t size = std::stoull(tar.substr(at + 124, 11), nullptr, 8);
    at += 512 + (size + 511) / 512 * 512;
  }
  return names;
}

/// The tree of vectors A and B of Flux's storage.
void make_flux_tree(const TemporaryTree& tree) {
  tree.file("a.txt", "hello\n", 0644);
  tree.file("b/run.sh", "#!/bin/sh\necho hi\n", 0755);
  tree.file("b/empty", "", 0600);
  tree.file("c.yaml", "k: v\n", 0400);
  tree.file("z.png", "png", 0644);
  tree.file(".git/config", "x", 0644);
  tree.directory("d/e");
  fs::create_symlink("a.txt", tree.path() / "link");
}

TEST(Pack, EqualsFluxStorageWithoutFilter) {
  const TemporaryTree tree;
  make_flux_tree(tree);
  const Packed packed = pack_tar(tree.path());
  EXPECT_EQ(packed.bytes.size(), 9216U);
  EXPECT_EQ(Digest::of(packed.bytes).hex(),
            "0d2debfcf278716d6572fe11ffb41c52b60b1e55ce0214b943b5f781f076a9f0");
  EXPECT_EQ(packed.stats.entries, 11U);
  EXPECT_EQ(packed.stats.tar_bytes, 9216U);
  EXPECT_EQ(packed.stats.output_bytes, 9216U);
  EXPECT_EQ(packed.stats.dropped, 1U);
  EXPECT_EQ(packed.stats.first_dropped, std::vector<std::string>{"link"});
}

TEST(Pack, EqualsFluxStorageWithDefaultFilter) {
  const TemporaryTree tree;
  make_flux_tree(tree);
  const Packed packed = pack_tar(tree.path(), {.ignore = {.flux_defaults = true}});
  EXPECT_EQ(packed.bytes.size(), 6656U);
  EXPECT_EQ(Digest::of(packed.bytes).hex(),
            "8f502256427d9cf98ec2639a0c1b5d9e5b8f46e30be22f12b5ec3d5972b2d234");
  EXPECT_EQ(packed.stats.ignored, 3U);
}

TEST(Pack, EqualsFluxStorageForLongNames) {
  const TemporaryTree tree;
  tree.file(std::string(60, 'd') + "/" + std::string(90, 'f'), "1", 0600);
  tree.file(std::string(120, 'x'), "1", 0600);
  tree.file("ü.txt", "1", 0600);
  const std::string bytes = pack_tar(tree.path()).bytes;
  // The vector has the three files alone; "." and the directory are two blocks more.
  const std::string files = bytes.substr(2 * 512);
  EXPECT_EQ(files.size(), 6144U);
  EXPECT_EQ(Digest::of(files).hex(), "6d508edfca5f17a8989b9bb45c64187c4e827039dd64fd6ae47ce3beba23dede");
}

TEST(Pack, EqualsOcmControllerWithModesKept) {
  const TemporaryTree tree;
  fs::permissions(tree.path(), fs::perms(0755));
  tree.file("a.txt", "hello\n", 0644);
  tree.file("b/run.sh", "#!/bin/sh\necho hi\n", 0755);
  fs::permissions(tree.path() / "b", fs::perms(0755));
  const Packed packed = pack_tar(tree.path(), {.modes = PackModes::kKept});
  EXPECT_EQ(packed.bytes.size(), 4096U);
  EXPECT_EQ(Digest::of(packed.bytes).hex(),
            "1ce99c0ca910c6e1e9417da64d6e37980a7d142a7fb51bdbab6a5efba7e00f8b");
}

TEST(Pack, EmptyDirectoryIsItsRootAlone) {
  const TemporaryTree tree;
  const Packed packed = pack_tar(tree.path());
  EXPECT_EQ(names_of(packed.bytes), ". ");
  EXPECT_EQ(packed.bytes.size(), 1536U);
  EXPECT_EQ(packed.stats.entries, 1U);
}

TEST(Pack, OrdersByBytesWithinEachDirectory) {
  const TemporaryTree tree;
  for (const char* name : {"b/z", "b.txt", "b-1", "B", "a", "b/a"}) tree.file(name, "");
  EXPECT_EQ(names_of(pack_tar(tree.path()).bytes), ". B a b b/a b/z b-1 b.txt ");
}

TEST(Pack, DependsOnNeitherTimesNorOrderNorRoot) {
  const TemporaryTree first;
  const TemporaryTree second;
  make_flux_tree(first);
  second.file("z.png", "png", 0664);
  make_flux_tree(second);
  fs::last_write_time(second.path() / "a.txt", fs::file_time_type::clock::now() - std::chrono::hours(1000));
  fs::permissions(second.path() / "b/run.sh", fs::perms(0711));
  const Packed one = pack(first.path(), {});
  EXPECT_EQ(one.bytes, pack(second.path() / "", {}).bytes);
  EXPECT_EQ(one.stats.output_bytes, one.bytes.size());
  EXPECT_EQ(one.bytes.substr(0, 10), std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
}

TEST(Pack, ReadsSourceIgnoreFilesBelow) {
  const TemporaryTree tree;
  tree.file(".sourceignore", "*.md\nx/\n!x/keep\n");
  tree.file("sub/.sourceignore", "# here only\n/secret\n");
  tree.file(".git/.sourceignore", "*\n");
  for (const char* name :
       {"a.md", "secret", "sub/b.md", "sub/secret", "sub/s/secret", "x/keep", "x/other", "p.png"}) {
    tree.file(name, "");
  }
  EXPECT_EQ(names_of(pack_tar(tree.path()).bytes),
            ". .git .git/.sourceignore .sourceignore p.png secret sub sub/.sourceignore sub/s sub/s/secret "
            "x/keep ");
  // With a pattern of the user's, Flux keeps of its own only those of version control.
  EXPECT_EQ(
      names_of(
          pack_tar(tree.path(), {.ignore = {.flux_defaults = true, .patterns = {"!a.md", "sub"}}}).bytes),
      ". .sourceignore a.md p.png secret x/keep ");
  EXPECT_EQ(
      names_of(
          pack_tar(tree.path(), {.ignore = {.source_ignore_files = false, .patterns = {".*", "sub"}}}).bytes),
      ". a.md p.png secret x x/keep x/other ");
}

TEST(Pack, CountsWhatItDropsAndNamesTheFirst) {
  const TemporaryTree tree;
  for (int i = 10; i < 25; ++i) fs::create_symlink("/etc/passwd", tree.path() / ("l" + std::to_string(i)));
  ASSERT_EQ(mkfifo((tree.path() / "fifo").c_str(), 0600), 0);
  const Packed packed = pack_tar(tree.path());
  EXPECT_EQ(packed.stats.dropped, 16U);
  ASSERT_EQ(packed.stats.first_dropped.size(), 10U);
  EXPECT_EQ(packed.stats.first_dropped.front(), "fifo");
  EXPECT_EQ(packed.stats.entries, 1U);
}

TEST(Pack, FollowsALinkGivenAsRoot) {
  const TemporaryTree tree;
  tree.file("real/a", "1");
  fs::create_symlink("real", tree.path() / "link");
  EXPECT_EQ(pack_tar(tree.path() / "link").bytes, pack_tar(tree.path() / "real").bytes);
}

struct ChangeCase {
  const char* label;
  void (*change)(const fs::path& file);
};

class PackChange : public testing::TestWithParam<ChangeCase> {};

// The sink gets its first piece while most of the file is still to be read.
TEST_P(PackChange, IsAConflict) {
  const TemporaryTree tree;
  tree.file("changing", std::string(1 << 20, 'x'));
  const fs::path file = tree.path() / "changing";
  bool changed = false;
  FunctionSink sink([&](std::span<const std::byte>) -> Result<void> {
    if (!std::exchange(changed, true)) GetParam().change(file);
    return {};
  });
  const auto stats = pack_directory(tree.path(), {.gzip = false}, sink);
  ASSERT_FALSE(stats.has_value());
  EXPECT_EQ(stats.error().code, Code::kConflict);
  EXPECT_NE(stats.error().message.find(file.string()), std::string::npos) << stats.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    While, PackChange,
    testing::Values(ChangeCase{"Growing",
                               [](const fs::path& file) { std::ofstream(file, std::ios::app) << "more"; }},
                    ChangeCase{"Shrinking", [](const fs::path& file) { fs::resize_file(file, 1 << 19); }},
                    ChangeCase{"ShrinkingToNothing", [](const fs::path& file) { fs::resize_file(file, 0); }}),
    [](const auto& test) { return test.param.label; });

TEST(Pack, FileThatGoesAwayIsAConflict) {
  const TemporaryTree tree;
  tree.file("a", std::string(1 << 20, 'x'));
  tree.file("b", "1");
  FunctionSink sink([&](std::span<const std::byte>) -> Result<void> {
    fs::remove(tree.path() / "b");
    return {};
  });
  const auto stats = pack_directory(tree.path(), {.gzip = false}, sink);
  ASSERT_FALSE(stats.has_value());
  EXPECT_EQ(stats.error().code, Code::kConflict);
}

TEST(Pack, UnreadableFileIsNamed) {
  const TemporaryTree tree;
  fs::permissions(tree.path(), fs::perms(0755));
  tree.file("sub/secret", "1", 0);
  // Root may read everything; the file system asks for this thread's fsuid, another user's until it is reset.
  const int user = setfsuid(geteuid() == 0 ? 65534 : geteuid());
  const Error error = pack_error(tree.path());
  setfsuid(static_cast<uid_t>(user));
  EXPECT_EQ(error.code, Code::kDenied);
  EXPECT_NE(error.message.find((tree.path() / "sub/secret").string()), std::string::npos) << error.message;
}

TEST(Pack, RefusesWhatCannotBeUnpacked) {
  const TemporaryTree tree;
  tree.file("a\\b", "1");
  EXPECT_EQ(pack_error(tree.path()).code, Code::kInvalid);
  EXPECT_EQ(pack(tree.path(), {.ignore = {.patterns = {"*\\\\*"}}}).stats.entries, 1U);

  const TemporaryTree deep;
  fs::path path = "d";
  for (int i = 1; i < 128; ++i) path /= "d";
  deep.directory(path);
  EXPECT_EQ(pack_error(deep.path()).code, Code::kInvalid);
}

TEST(Pack, RefusesAMissingDirectoryAndAFile) {
  const TemporaryTree tree;
  tree.file("file", "1");
  EXPECT_EQ(pack_error(tree.path() / "absent").code, Code::kNotFound);
  EXPECT_EQ(pack_error(tree.path() / "file").code, Code::kInvalid);
}

TEST(Pack, HandsOnTheErrorOfTheSink) {
  const TemporaryTree tree;
  for (const bool gzip : {false, true}) {
    FunctionSink sink(
        [](std::span<const std::byte>) -> Result<void> { return fail(Code::kCancelled, "gone"); });
    const auto stats = pack_directory(tree.path(), {.gzip = gzip}, sink);
    ASSERT_FALSE(stats.has_value());
    EXPECT_EQ(stats.error().code, Code::kCancelled);
  }
}

}  // namespace
}  // namespace lamina::archive
