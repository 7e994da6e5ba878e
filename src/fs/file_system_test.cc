// SPDX-License-Identifier: Apache-2.0
#include "fs/file_system.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "fs/testing/conformance.h"
#include "fs/testing/memory_file_system.h"

namespace lamina::fs {
namespace {

FileSystemUnderTest posix_under_test() {
  std::string directory = (std::filesystem::temp_directory_path() / "lamina-fs-XXXXXX").string();
  EXPECT_NE(::mkdtemp(directory.data()), nullptr);
  return {posix_file_system(), directory, [directory] { std::filesystem::remove_all(directory); }};
}

FileSystemUnderTest memory_under_test() {
  auto files = std::make_unique<MemoryFileSystem>();
  EXPECT_TRUE(files->make_directory("/data"));
  return {std::move(files), "/data", nullptr};
}

INSTANTIATE_TEST_SUITE_P(Backends, FileSystemConformance,
                         testing::Values(FileSystemBackend{"Posix", posix_under_test},
                                         FileSystemBackend{"Memory", memory_under_test}),
                         backend_name);

TEST(PosixFileSystem, AFullDeviceIsNoSpace) {
  const auto full = posix_file_system()->open_writable("/dev/full").value();
  const auto written = full->write_at(0, std::as_bytes(std::span("x", 1)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kNoSpace);
  EXPECT_THAT(written.error().message, testing::HasSubstr("/dev/full"));
}

TEST(PosixFileSystem, OthersMayNotReadWhatItMakes) {
  const FileSystemUnderTest subject = posix_under_test();
  ASSERT_TRUE(subject.files->create(subject.directory / "f"));
  ASSERT_TRUE(subject.files->make_directory(subject.directory / "d"));
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(subject.directory / "f").permissions(),
            perms::owner_read | perms::owner_write);
  EXPECT_EQ(std::filesystem::status(subject.directory / "d").permissions(), perms::owner_all);
  subject.cleanup();
}

class PowerLoss : public testing::Test {
 protected:
  std::unique_ptr<File> write(const Path& path, std::string_view text) {
    auto file = files_.create(path).value();
    EXPECT_TRUE(file->write_at(0, std::as_bytes(std::span(text))));
    return file;
  }
  std::string read(const Path& path) {
    const auto file = files_.open(path);
    if (!file) return "(none)";
    std::string out((*file)->size().value(), '\0');
    (*file)->read_at(0, std::as_writable_bytes(std::span(out))).value();
    return out;
  }

  MemoryFileSystem files_;
};

TEST_F(PowerLoss, TakesContentThatWasNotSynced) {
  const auto file = write("/f", "kept");
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(files_.sync_directory("/"));
  ASSERT_TRUE(file->write_at(0, std::as_bytes(std::span("LOST!", 5))));
  files_.lose_unsynced();
  EXPECT_EQ(read("/f"), "kept");
}

TEST_F(PowerLoss, TakesNamesThatWereNotSynced) {
  ASSERT_TRUE(write("/f", "kept")->sync());
  files_.lose_unsynced();
  EXPECT_EQ(read("/f"), "(none)");
}

TEST_F(PowerLoss, UndoesRemovalsAndRenamesThatWereNotSynced) {
  ASSERT_TRUE(write("/a", "a")->sync());
  ASSERT_TRUE(write("/b", "b")->sync());
  ASSERT_TRUE(files_.sync_directory("/"));
  ASSERT_TRUE(files_.remove("/a"));
  ASSERT_TRUE(files_.rename("/b", "/c"));
  files_.lose_unsynced();
  EXPECT_EQ(read("/a"), "a");
  EXPECT_EQ(read("/b"), "b");
  EXPECT_EQ(read("/c"), "(none)");
}

TEST_F(PowerLoss, ARenameNeedsBothDirectoriesSynced) {
  ASSERT_TRUE(files_.make_directory("/d"));
  ASSERT_TRUE(write("/a", "a")->sync());
  ASSERT_TRUE(files_.sync_directory("/"));
  ASSERT_TRUE(files_.rename("/a", "/d/a"));
  ASSERT_TRUE(files_.sync_directory("/d"));
  files_.lose_unsynced();
  EXPECT_EQ(read("/a"), "a");
  EXPECT_EQ(read("/d/a"), "a");
}

TEST_F(PowerLoss, TakesADirectoryWhoseParentWasNotSynced) {
  ASSERT_TRUE(files_.make_directory("/d"));
  ASSERT_TRUE(write("/d/a", "a")->sync());
  ASSERT_TRUE(files_.sync_directory("/d"));
  files_.lose_unsynced();
  EXPECT_EQ(read("/d/a"), "(none)");
}

TEST_F(PowerLoss, FreesLocks) {
  const auto lock = files_.lock("/LOCK");
  ASSERT_TRUE(lock);
  files_.lose_unsynced();
  EXPECT_TRUE(files_.lock("/LOCK"));
}

TEST(SeededPowerLoss, ARenameLeavesOneNameOrBothButNeverNone) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    MemoryFileSystem files;
    ASSERT_TRUE(files.make_directory("/from"));
    ASSERT_TRUE(files.make_directory("/to"));
    ASSERT_TRUE(files.create("/from/f"));
    for (const char* path : {"/", "/from", "/to"}) ASSERT_TRUE(files.sync_directory(path));
    ASSERT_TRUE(files.rename("/from/f", "/to/f"));
    files.lose_unsynced(seed);
    outcomes.insert(std::string(files.open("/from/f") ? "from" : "") + (files.open("/to/f") ? "to" : ""));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"from", "to", "fromto"}));
}

TEST(SeededPowerLoss, KeepsSomePagesOfWhatWasNotSynced) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    MemoryFileSystem files;
    const auto file = files.create("/f").value();
    ASSERT_TRUE(files.sync_directory("/"));
    const std::string text = std::string(4096, 'a') + "b";
    ASSERT_TRUE(file->write_at(0, std::as_bytes(std::span(text))));
    files.lose_unsynced(seed);
    std::string left(files.open("/f").value()->size().value(), '?');
    files.open("/f").value()->read_at(0, std::as_writable_bytes(std::span(left))).value();
    outcomes.insert(left.empty() ? "" : std::string{left.front(), left.back()});
  }
  using namespace std::string_literals;
  EXPECT_EQ(outcomes, (std::set{""s, "ab"s, "a\0"s, "\0b"s, "\0\0"s}));
}

TEST(MemoryFileSystem, FailsTheCallThatTheTestNames) {
  MemoryFileSystem files;
  files.set_fault([](const Call& call) -> std::optional<Error> {
    if (call.index != 1) return std::nullopt;
    EXPECT_EQ(call.operation, Operation::kWrite);
    return Error{Code::kNoSpace, About::kNothing, "full"};
  });
  const auto file = files.create("/f").value();
  EXPECT_EQ(file->write_at(0, std::as_bytes(std::span("abcd", 4))).error().code, Code::kNoSpace);
  EXPECT_EQ(file->size(), 2U) << "a write that fails is half done";
  EXPECT_EQ(files.calls(), 3U);
}

TEST(WriteDurably, IsWholeOrAbsentAfterPowerLossAtAnyCall) {
  std::uint64_t calls_of_one = 0;
  {
    MemoryFileSystem files;
    ASSERT_TRUE(write_durably(files, "/f", "whole"));
    calls_of_one = files.calls();
    files.lose_unsynced();
    ASSERT_TRUE(files.open("/f")) << "durable on return";
  }
  for (std::uint64_t fatal = 0; fatal < calls_of_one; ++fatal) {
    for (std::uint64_t seed = 0; seed < 16; ++seed) {
      MemoryFileSystem files;
      files.set_fault([fatal](const Call& call) -> std::optional<Error> {
        if (call.index < fatal) return std::nullopt;
        return Error{Code::kInternal, About::kNothing, "dead"};
      });
      ASSERT_FALSE(write_durably(files, "/f", "whole"));
      files.set_fault(nullptr);
      files.lose_unsynced(seed);
      const auto file = files.open("/f");
      EXPECT_TRUE(!file || (*file)->size() == 5U) << "died at call " << fatal;
      EXPECT_TRUE(write_durably(files, "/f", "again"));
    }
  }
}

}  // namespace
}  // namespace lamina::fs
