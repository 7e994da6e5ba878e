// SPDX-License-Identifier: Apache-2.0
#include "fs/testing/conformance.h"

#include <gmock/gmock.h>

#include <array>

namespace lamina::fs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Code::kInternal : result.error().code;
}

}  // namespace

// The library may be linked for its other parts.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FileSystemConformance);

std::string backend_name(const testing::TestParamInfo<FileSystemBackend>& info) { return info.param.name; }

void FileSystemConformance::write(const Path& path, std::string_view bytes) {
  auto file = files().create(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write_at(0, bytes_of(bytes)));
}

std::string FileSystemConformance::read(const Path& path) {
  auto file = files().open(path);
  if (!file) return "(" + file.error().message + ")";
  std::string out((*file)->size().value(), '\0');
  EXPECT_EQ((*file)->read_at(0, std::as_writable_bytes(std::span(out))), out.size());
  return out;
}

TEST_P(FileSystemConformance, ReadsWhatWasWrittenAtOffsets) {
  write(path("f"), "hello");
  auto file = files().open_writable(path("f")).value();
  ASSERT_TRUE(file->write_at(7, bytes_of("you")));
  ASSERT_TRUE(file->write_at(1, bytes_of("EL")));
  EXPECT_EQ(file->size(), 10U);
  EXPECT_EQ(read(path("f")), std::string("hELlo\0\0you", 10));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(read(path("f")), "hE");
  ASSERT_TRUE(file->truncate(4));
  EXPECT_EQ(read(path("f")), std::string("hE\0\0", 4));
}

TEST_P(FileSystemConformance, ReadsFewerBytesOnlyAtTheEnd) {
  write(path("f"), "hello");
  const auto file = files().open(path("f")).value();
  std::array<std::byte, 4> buffer{};
  EXPECT_EQ(file->read_at(0, buffer), 4U);
  EXPECT_EQ(file->read_at(3, buffer), 2U);
  EXPECT_EQ(file->read_at(5, buffer), 0U);
  EXPECT_EQ(file->read_at(500, buffer), 0U);
}

TEST_P(FileSystemConformance, AFileOpenForReadingCannotBeWritten) {
  write(path("f"), "hello");
  const auto file = files().open(path("f")).value();
  EXPECT_EQ(code_of(file->write_at(0, bytes_of("x"))), Code::kInternal);
  EXPECT_EQ(read(path("f")), "hello");
}

TEST_P(FileSystemConformance, MissingIsNotFoundAndTakenIsConflict) {
  write(path("f"), "hello");
  EXPECT_EQ(code_of(files().open(path("none"))), Code::kNotFound);
  EXPECT_EQ(code_of(files().open_writable(path("none"))), Code::kNotFound);
  EXPECT_EQ(code_of(files().create(path("none") / "f")), Code::kNotFound);
  EXPECT_EQ(code_of(files().create(path("f"))), Code::kConflict);
  EXPECT_EQ(code_of(files().rename(path("none"), path("g"))), Code::kNotFound);
  EXPECT_EQ(code_of(files().remove(path("none"))), Code::kNotFound);
  EXPECT_EQ(code_of(files().list(path("none"))), Code::kNotFound);
  EXPECT_EQ(code_of(files().sync_directory(path("none"))), Code::kNotFound);
  EXPECT_EQ(code_of(files().make_directory(path("none") / "d")), Code::kNotFound);
  EXPECT_EQ(code_of(files().make_directory(path("f"))), Code::kConflict);
  EXPECT_EQ(code_of(files().open(path("f") / "g")), Code::kNotFound);
  EXPECT_EQ(read(path("f")), "hello");
}

TEST_P(FileSystemConformance, RenameReplacesAndKeepsOpenFiles) {
  write(path("a"), "new");
  write(path("b"), "old");
  const auto old = files().open(path("b")).value();
  ASSERT_TRUE(files().rename(path("a"), path("b")));
  EXPECT_EQ(read(path("b")), "new");
  EXPECT_EQ(code_of(files().open(path("a"))), Code::kNotFound);
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(old->read_at(0, buffer), 3U);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(buffer.data()), 3), "old");
}

TEST_P(FileSystemConformance, ListsNamesSortedByBytes) {
  EXPECT_THAT(files().list(path("")).value(), IsEmpty());
  for (const char* name : {"b", "B", "\xc3\xa9", "a-1", "a"}) write(path(name), "");
  ASSERT_TRUE(files().make_directory(path("d")));
  ASSERT_TRUE(files().make_directory(path("d")));
  write(path("d") / "inner", "");
  ASSERT_TRUE(files().remove(path("b")));
  ASSERT_TRUE(files().sync_directory(path("")));
  EXPECT_THAT(files().list(path("")).value(), ElementsAre("B", "a", "a-1", "d", "\xc3\xa9"));
}

TEST_P(FileSystemConformance, ALockIsHeldUntilDestroyed) {
  auto first = files().lock(path("LOCK"));
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(files().lock(path("LOCK"))), Code::kConflict);
  EXPECT_TRUE(files().lock(path("OTHER")));
  first->reset();
  EXPECT_TRUE(files().lock(path("LOCK")));
}

TEST_P(FileSystemConformance, WriteDurablyReplaces) {
  ASSERT_TRUE(write_durably(files(), path("f"), "one"));
  write(path("f.new"), "left by a crash, and longer");
  ASSERT_TRUE(write_durably(files(), path("f"), "two"));
  EXPECT_EQ(read(path("f")), "two");
  EXPECT_THAT(files().list(path("")).value(), ElementsAre("f"));
}

}  // namespace lamina::fs
