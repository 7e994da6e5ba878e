// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zstd.h>

#include <random>

#include "archive/testing/memory_stream.h"
#include "archive/testing/tar_builder.h"
#include "archive/testing/temporary_tree.h"
#include "lamina/archive.h"

namespace lamina::archive {
namespace {

namespace fs = std::filesystem;

Result<UnpackStats> unpack_string(const std::string& archive, const fs::path& to,
                                  const UnpackOptions& options = {}, std::size_t piece = 4096) {
  StringSource source(archive, piece);
  return unpack(source, to, options);
}

std::string gzip(std::string_view text) {
  StringSink sink;
  GzipSink compressor(sink);
  EXPECT_TRUE(compressor.write(std::as_bytes(std::span(text))).has_value());
  EXPECT_TRUE(compressor.finish().has_value());
  return sink.text;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string pack(const fs::path& directory, PackModes modes = PackModes::kKept, bool compress = false) {
  StringSink sink;
  const auto stats = pack_directory(directory, {.modes = modes, .gzip = compress}, sink);
  EXPECT_TRUE(stats.has_value()) << stats.error().message;
  return sink.text;
}

unsigned mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

std::size_t entries_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(Unpack, ReadsEachCompression) {
  const std::string tar =
      TarBuilder().directory(".").file("a", "one").directory("d").file("d/ü", "two").finish();
  for (const auto& [compression, bytes] : {std::pair{Compression::kNone, tar},
                                           {Compression::kGzip, gzip(tar)},
                                           {Compression::kZstd, zstd(tar)}}) {
    for (const std::size_t piece : {1UL, 511UL, 1UL << 20}) {
      const TemporaryTree tree;
      const auto stats = unpack_string(bytes, tree.path() / "out", {}, piece);
      ASSERT_TRUE(stats.has_value()) << stats.error().message;
      EXPECT_EQ(stats->compression, compression);
      EXPECT_EQ(stats->files, 2U);
      EXPECT_EQ(stats->directories, 2U);
      EXPECT_EQ(stats->file_bytes, 6U);
      EXPECT_EQ(stats->tar_bytes, tar.size());
      EXPECT_EQ(tree.read("out/a"), "one");
      EXPECT_EQ(tree.read("out/d/ü"), "two");
      EXPECT_EQ(entries_in(tree.path()), 1U);
    }
  }
}

// Random trees from fixed seeds: what is packed, unpacked and packed again are the same bytes.
TEST(Unpack, PackIsItsInverse) {
  const std::vector<std::string> names = {"a",
                                          "b.txt",
                                          "ü",
                                          "日本",
                                          "with space",
                                          ".hidden",
                                          "-dash",
                                          "new\nline",
                                          "\xff broken",
                                          std::string(110, 'l'),
                                          std::string(255, 'm')};
  const std::size_t sizes[] = {0, 1, 511, 512, 513, 70'000};
  const unsigned modes[] = {0600, 0644, 0755, 0400, 0777, 0700};
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    const TemporaryTree tree;
    tree.directory("in");
    std::vector<fs::path> directories = {"in"};
    for (int i = 0; i < 30; ++i) {
      const fs::path path = directories[random() % directories.size()] / names[random() % names.size()];
      if (fs::exists(tree.path() / path) || path.string().size() > 2000) continue;
      if (random() % 3 == 0) {
        tree.directory(path, modes[random() % std::size(modes)] | 0700);
        directories.push_back(path);
      } else {
        std::string content(sizes[random() % std::size(sizes)], '\0');
        for (char& c : content) c = static_cast<char>(random());
        tree.file(path, content, modes[random() % std::size(modes)]);
      }
    }
    for (const PackModes mode : {PackModes::kKept, PackModes::kNormalised}) {
      for (const bool compress : {false, true}) {
        const std::string packed = pack(tree.path() / "in", mode, compress);
        const fs::path out = tree.path() / "out";
        const auto stats = unpack_string(packed, out);
        ASSERT_TRUE(stats.has_value()) << "seed " << seed << ": " << stats.error().message;
        EXPECT_TRUE(pack(out, mode, compress) == packed) << "seed " << seed;
        fs::remove_all(out);
      }
    }
  }
}

TEST(Unpack, SetsPermissionBitsAndNoOthers) {
  const TemporaryTree tree;
  const fs::path out = tree.path() / "out";
  const std::string tar = TarBuilder()
                              .directory(".", 0050)
                              .directory("closed", 0)
                              .file("closed/plain", "1", 0640)
                              .file("setuid", "1", 06755)
                              .directory("sticky", 07777)
                              .file("implied/none", "1", 0)
                              .finish();
  const auto stats = unpack_string(tar, out);
  ASSERT_TRUE(stats.has_value()) << stats.error().message;
  EXPECT_EQ(mode_of(out), 0750U);
  EXPECT_EQ(mode_of(out / "closed"), 0700U);
  EXPECT_EQ(mode_of(out / "closed/plain"), 0640U);
  EXPECT_EQ(mode_of(out / "setuid"), 0755U);
  EXPECT_EQ(mode_of(out / "sticky"), 0777U);
  EXPECT_EQ(mode_of(out / "implied"), 0755U);
  EXPECT_EQ(mode_of(out / "implied/none"), 0U);
}

struct AcceptedCase {
  std::string label;
  std::string tar;
  std::string file;  ///< Must hold "data".
};

class UnpackAccepts : public testing::TestWithParam<AcceptedCase> {};

TEST_P(UnpackAccepts, Archive) {
  const TemporaryTree tree;
  const auto stats = unpack_string(GetParam().tar, tree.path() / "out");
  ASSERT_TRUE(stats.has_value()) << stats.error().message;
  EXPECT_EQ(tree.read("out/" + GetParam().file), "data");
}

const std::string kLongName = std::string(90, 'd') + "/" + std::string(200, 'f');

INSTANTIATE_TEST_SUITE_P(
    Foreign, UnpackAccepts,
    testing::Values(
        AcceptedCase{"DotSlash", TarBuilder().directory("./").file("./a", "data").finish(), "a"},
        AcceptedCase{"SlashBehindDirectory", TarBuilder().directory("d/").file("d/a", "data").finish(),
                     "d/a"},
        AcceptedCase{"DirectoryTwice",
                     TarBuilder().file("d/a", "data").directory("d").directory("d").finish(), "d/a"},
        AcceptedCase{"DoubleSlashAndDot", TarBuilder().file("d//./a", "data").finish(), "d/a"},
        AcceptedCase{"PaxName", TarBuilder().file(kLongName, "data").finish(), kLongName},
        AcceptedCase{"GnuLongName",
                     TarBuilder().entry('L', "././@LongLink", kLongName + '\0').file("cut", "data").finish(),
                     kLongName},
        AcceptedCase{"GnuMagic",
                     TarBuilder()
                         .raw(tar_header("a", false, 0644, 4))
                         .set(tar_field::kMagic, std::string_view("ustar  \0", 8))
                         .set(tar_field::kPrefix, "14000000000")  // GNU's atime, no prefix.
                         .raw("data")
                         .pad()
                         .finish(),
                     "a"},
        AcceptedCase{"UstarPrefix", TarBuilder().file(std::string(150, 'p') + "/" + "a", "data").finish(),
                     std::string(150, 'p') + "/a"},
        AcceptedCase{"Base256Size",
                     TarBuilder()
                         .raw(tar_header("a", false, 0644, 0))
                         .set(tar_field::kSize, std::string_view("\x80\0\0\0\0\0\0\0\0\0\0\x04", 12))
                         .raw("data")
                         .pad()
                         .finish(),
                     "a"},
        AcceptedCase{"PaxSize",
                     TarBuilder()
                         .entry('x', "p", "10 size=4\n")
                         .raw(tar_header("a", false, 0644, 0))
                         .raw("data")
                         .pad()
                         .finish(),
                     "a"},
        AcceptedCase{
            "OtherPaxRecords",
            TarBuilder().entry('x', "p", "20 mtime=1700000000\n14 comment=a=\n").file("a", "data").finish(),
            "a"},
        AcceptedCase{"GlobalComment",
                     TarBuilder().entry('g', "g", "14 comment=ab\n").file("a", "data").finish(), "a"},
        AcceptedCase{"OldTypeFile", TarBuilder().entry('\0', "a", "data").finish(), "a"},
        AcceptedCase{"OldTypeDirectory", TarBuilder().entry('\0', "d/").file("d/a", "data").finish(), "d/a"},
        AcceptedCase{"PaddedToTape", TarBuilder().file("a", "data").finish() + std::string(10240, '\0'),
                     "a"}),
    [](const auto& test) { return test.param.label; });

struct HostileCase {
  std::string label;
  std::string tar;
  Code code;
};

class UnpackRefuses : public testing::TestWithParam<HostileCase> {};

// Whatever is refused comes after a good entry, and must take that with it.
TEST_P(UnpackRefuses, AndLeavesNothing) {
  const TemporaryTree tree;
  tree.file("outside", "untouched");
  tree.directory("empty");
  for (const char* destination : {"out", "empty"}) {
    for (const std::string& archive : {GetParam().tar, gzip(GetParam().tar)}) {
      const auto stats = unpack_string(archive, tree.path() / destination);
      ASSERT_FALSE(stats.has_value());
      EXPECT_EQ(stats.error().code, GetParam().code) << stats.error().message;
      EXPECT_TRUE(std::ranges::all_of(stats.error().message, [](char c) { return c >= ' '; }))
          << stats.error().message;
      EXPECT_EQ(entries_in(tree.path()), 2U);
      EXPECT_EQ(entries_in(tree.path() / "empty"), 0U);
      EXPECT_EQ(tree.read("outside"), "untouched");
    }
  }
}

TarBuilder good() { return TarBuilder().directory(".").file("good", "1"); }

std::string depth(int levels) {
  std::string name = "d";
  while (--levels > 0) name += "/d";
  return name;
}

std::string flip(std::string tar, std::size_t at) {
  tar.at(at) ^= 1;
  return tar;
}

INSTANTIATE_TEST_SUITE_P(
    Names, UnpackRefuses,
    testing::Values(
        HostileCase{"Absolute", good().file("/etc/passwd", "x").finish(), Code::kInvalid},
        HostileCase{"Parent", good().file("../outside", "x").finish(), Code::kInvalid},
        HostileCase{"ParentInside", good().file("a/../../outside", "x").finish(), Code::kInvalid},
        HostileCase{"ParentDirectory", good().directory("a/..").finish(), Code::kInvalid},
        HostileCase{"ParentAtTheEnd", good().file("..", "x").finish(), Code::kInvalid},
        HostileCase{"ParentInPaxName", good().file(std::string(120, 'x') + "/../../../outside", "x").finish(),
                    Code::kInvalid},
        HostileCase{"Backslash", good().file("..\\outside", "x").finish(), Code::kInvalid},
        HostileCase{"Nul", good().entry('x', "p", std::string("12 path=a\0b\n", 12)).file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"Control", good().file("/\x1b[2J\n", "x").finish(), Code::kInvalid},
        HostileCase{
            "Empty",
            good().raw(tar_header("a", false, 0644, 0)).set(tar_field::kName, std::string(1, '\0')).finish(),
            Code::kInvalid},
        HostileCase{"FileForRoot", good().file(".", "x").finish(), Code::kInvalid},
        HostileCase{"TooLong", good().file(std::string(4097, 'x'), "x").finish(), Code::kInvalid},
        HostileCase{"PartTooLong", good().file(std::string(256, 'x'), "x").finish(), Code::kInvalid},
        HostileCase{"TooDeep", good().directory(depth(129)).finish(), Code::kInvalid},
        HostileCase{"FileTwice", good().file("good", "2").finish(), Code::kInvalid},
        HostileCase{"FileTwiceSpelledApart", good().file("./good", "2").finish(), Code::kInvalid},
        HostileCase{"FileThenDirectory", good().directory("good").finish(), Code::kInvalid},
        HostileCase{"FileThenImpliedDirectory", good().file("good/below", "x").finish(), Code::kInvalid},
        HostileCase{"DirectoryThenFile", good().directory("d").file("d", "x").finish(), Code::kInvalid}),
    [](const auto& test) { return test.param.label; });

INSTANTIATE_TEST_SUITE_P(
    Types, UnpackRefuses,
    testing::Values(
        HostileCase{"HardLink", good().entry('1', "link").finish(), Code::kUnsupported},
        HostileCase{"SymbolicLink", good().entry('2', "link").finish(), Code::kUnsupported},
        HostileCase{"CharacterDevice", good().entry('3', "device").finish(), Code::kUnsupported},
        HostileCase{"BlockDevice", good().entry('4', "device").finish(), Code::kUnsupported},
        HostileCase{"Fifo", good().entry('6', "fifo").finish(), Code::kUnsupported},
        HostileCase{"GnuSparse", good().entry('S', "sparse").finish(), Code::kUnsupported},
        HostileCase{"PaxSparse", good().entry('x', "p", "22 GNU.sparse.major=1\n").file("a", "x").finish(),
                    Code::kUnsupported},
        HostileCase{"MultiVolume", good().entry('M', "rest").finish(), Code::kUnsupported},
        HostileCase{"GlobalName", good().entry('g', "g", "10 path=b\n").file("a", "x").finish(),
                    Code::kUnsupported},
        HostileCase{"DirectoryWithContent", good().entry('5', "d", "content").finish(), Code::kInvalid},
        HostileCase{"LinkWithContent", good().entry('2', "l", "content").finish(), Code::kInvalid}),
    [](const auto& test) { return test.param.label; });

INSTANTIATE_TEST_SUITE_P(
    Structure, UnpackRefuses,
    testing::Values(
        HostileCase{"Nothing", "", Code::kInvalid},
        HostileCase{"NoTar", std::string(4096, 'x'), Code::kInvalid},
        HostileCase{"NoEndMark", good().unfinished(), Code::kInvalid},
        HostileCase{"HalfAnEndMark", good().unfinished() + std::string(512, '\0'), Code::kInvalid},
        HostileCase{"OneBlockOfZeros", good().raw(std::string(512, '\0')).file("b", "x").finish(),
                    Code::kInvalid},
        HostileCase{"CutInContent", good().file("b", std::string(2000, 'x')).unfinished().substr(0, 3000),
                    Code::kInvalid},
        HostileCase{"CutInHeader", good().file("b", "x").unfinished().substr(0, 1700), Code::kInvalid},
        HostileCase{"GarbageBehind", good().finish() + "garbage", Code::kInvalid},
        HostileCase{"ArchiveBehind", good().finish() + good().finish(), Code::kInvalid},
        HostileCase{"DamagedHeader", flip(good().finish(), 3), Code::kInvalid},
        HostileCase{"NegativeSize",
                    good()
                        .raw(tar_header("a", false, 0644, 0))
                        .set(tar_field::kSize,
                             std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12))
                        .finish(),
                    Code::kInvalid},
        HostileCase{
            "SizeThatOverflows",
            good()
                .raw(tar_header("a", false, 0644, 0))
                .set(tar_field::kSize, std::string_view("\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12))
                .finish(),
            Code::kInvalid},
        HostileCase{"SizeNotOctal",
                    good().raw(tar_header("a", false, 0644, 0)).set(tar_field::kSize, "00000000009").finish(),
                    Code::kInvalid},
        HostileCase{"PaxSizeThatOverflows",
                    good().entry('x', "p", "29 size=99999999999999999999\n").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxLengthTooLarge", good().entry('x', "p", "99 path=a\n").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxLengthTooSmall", good().entry('x', "p", "3 path=a\n").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxLengthZero", good().entry('x', "p", "0 path=a\n").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxWithoutKey", good().entry('x', "p", "6 =ab\n").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxWithoutEnd", good().entry('x', "p", "10 path=ab").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxWithoutSpace", good().entry('x', "p", "10").file("a", "x").finish(), Code::kInvalid},
        HostileCase{"PaxWithoutEntry", good().entry('x', "p", "10 path=b\n").finish(), Code::kInvalid},
        HostileCase{"TwoNames",
                    good().entry('L', "l", "b").entry('x', "p", "10 path=c\n").file("a", "x").finish(),
                    Code::kInvalid},
        HostileCase{"PaxTooLarge",
                    good().entry('x', "p", std::string((1 << 20) + 1, 'x')).file("a", "x").finish(),
                    Code::kTooLarge},
        HostileCase{
            "FormerFormat",
            good().raw(tar_header("a", false, 0644, 0)).set(tar_field::kMagic, std::string(8, '\0')).finish(),
            Code::kUnsupported}),
    [](const auto& test) { return test.param.label; });

TEST(Unpack, NoTruncationPasses) {
  const TemporaryTree tree;
  const std::string tar = good().file("b", std::string(600, 'x')).finish();
  for (const std::string& whole : {tar, gzip(tar), zstd(tar)}) {
    for (std::size_t size = 0; size < whole.size(); size += size < 64 || size + 64 > whole.size() ? 1 : 61) {
      const auto stats = unpack_string(whole.substr(0, size), tree.path() / "out");
      ASSERT_FALSE(stats.has_value()) << size << " of " << whole.size();
      ASSERT_EQ(entries_in(tree.path()), 0U);
    }
  }
}

TEST(Unpack, SkipsLinksOnRequest) {
  const TemporaryTree tree;
  // What the link would lead to is made inside.
  const std::string tar = good().entry('2', "link").file("link/below", "x").entry('1', "hard").finish();
  const auto stats = unpack_string(tar, tree.path() / "out", {.links = LinkPolicy::kSkip});
  ASSERT_TRUE(stats.has_value()) << stats.error().message;
  EXPECT_EQ(stats->skipped_links, 2U);
  EXPECT_EQ(tree.read("out/link/below"), "x");
  EXPECT_FALSE(fs::exists(fs::symlink_status(tree.path() / "out/hard")));
  EXPECT_FALSE(
      unpack_string(good().entry('2', "/etc/x").finish(), tree.path() / "o2", {.links = LinkPolicy::kSkip}));
}

TEST(Unpack, StopsAtItsLimits) {
  const TemporaryTree tree;
  const std::string tar = good().file("a", "x").file("b", "x").finish();
  const auto code = [&](const std::string& archive, const UnpackOptions& options) {
    const auto stats = unpack_string(archive, tree.path() / "out", options);
    fs::remove_all(tree.path() / "out");
    EXPECT_EQ(entries_in(tree.path()), 0U);
    return stats ? std::nullopt : std::optional(stats.error().code);
  };
  EXPECT_EQ(code(tar, {.max_entries = 4}), std::nullopt);
  EXPECT_EQ(code(tar, {.max_entries = 3}), Code::kTooLarge);
  EXPECT_EQ(code(tar, {.limits = {.max_bytes = tar.size()}}), std::nullopt);
  EXPECT_EQ(code(tar, {.limits = {.max_bytes = tar.size() - 1}}), Code::kTooLarge);
  const std::string bomb = TarBuilder().file("zeros", std::string(8 << 20, '\0')).finish();
  EXPECT_EQ(code(gzip(bomb), {}), std::nullopt);
  EXPECT_EQ(code(gzip(bomb), {.limits = {.ratio_from_bytes = 1 << 20}}), Code::kTooLarge);
  EXPECT_EQ(code(zstd(bomb), {.limits = {.ratio_from_bytes = 1 << 20}}), Code::kTooLarge);
  EXPECT_EQ(code(bomb, {.limits = {.ratio_from_bytes = 1 << 20}}), std::nullopt);
}

TEST(Unpack, HugeSizeInASmallArchiveIsTruncation) {
  const TemporaryTree tree;
  const auto stats = unpack_string(tar_header("a", false, 0644, std::uint64_t{1} << 62), tree.path() / "out");
  ASSERT_FALSE(stats.has_value());
  EXPECT_EQ(stats.error().code, Code::kInvalid);
  EXPECT_EQ(entries_in(tree.path()), 0U);
}

TEST(Unpack, DestinationMustBeAbsentOrEmpty) {
  const TemporaryTree tree;
  tree.directory("empty", 0700);
  tree.directory("target");
  tree.file("full/file", "1");
  tree.file("file", "1");
  fs::create_symlink("target", tree.path() / "link");
  fs::create_symlink("nowhere", tree.path() / "dangling");
  const std::string tar = good().file("d/.hidden", "2").finish();

  for (const char* accepted : {"absent", "absent2/", "empty", "link"}) {
    const auto stats = unpack_string(tar, tree.path() / accepted);
    ASSERT_TRUE(stats.has_value()) << accepted << ": " << stats.error().message;
    EXPECT_EQ(tree.read(fs::path(accepted) / "d/.hidden"), "2") << accepted;
    EXPECT_EQ(entries_in(tree.path() / accepted), 2U) << accepted;
  }
  EXPECT_EQ(mode_of(tree.path() / "empty"), 0700U) << "not the archive's to change";
  EXPECT_TRUE(fs::is_symlink(tree.path() / "link"));

  for (const auto& [refused, code] : {std::pair{"full", Code::kConflict},
                                      {"file", Code::kConflict},
                                      {"dangling", Code::kConflict},
                                      {"no/parent", Code::kNotFound},
                                      {"file/below", Code::kInvalid}}) {
    const auto stats = unpack_string(tar, tree.path() / refused);
    ASSERT_FALSE(stats.has_value()) << refused;
    EXPECT_EQ(stats.error().code, code) << refused << ": " << stats.error().message;
  }
  EXPECT_EQ(entries_in(tree.path() / "full"), 1U);
  EXPECT_EQ(entries_in(tree.path()), 8U);
}

TEST(Unpack, DestinationTakenMeanwhileIsLeftAlone) {
  const TemporaryTree tree;
  tree.directory("empty");
  for (const char* destination : {"absent", "empty"}) {
    StringSource bytes(good().finish());
    FunctionSource source([&](std::span<std::byte> buffer) {
      tree.file(fs::path(destination) / "theirs", "untouched");
      return bytes.read(buffer);
    });
    const auto stats = unpack(source, tree.path() / destination);
    ASSERT_FALSE(stats.has_value());
    EXPECT_EQ(stats.error().code, Code::kConflict) << stats.error().message;
    EXPECT_EQ(tree.read(fs::path(destination) / "theirs"), "untouched");
    EXPECT_EQ(entries_in(tree.path() / destination), 1U);
  }
  EXPECT_EQ(entries_in(tree.path()), 2U);
}

TEST(Unpack, HandsOnTheErrorOfTheSource) {
  const TemporaryTree tree;
  StringSource start(good().unfinished());
  FunctionSource source([&](std::span<std::byte> buffer) -> Result<std::size_t> {
    auto size = start.read(buffer);
    if (size && *size == 0) return fail(Code::kMismatch, "wrong digest");
    return size;
  });
  const auto stats = unpack(source, tree.path() / "out");
  ASSERT_FALSE(stats.has_value());
  EXPECT_EQ(stats.error().code, Code::kMismatch);
  EXPECT_EQ(entries_in(tree.path()), 0U);
}

}  // namespace
}  // namespace lamina::archive
