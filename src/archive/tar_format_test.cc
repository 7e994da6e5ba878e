// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_format.h"

#include <gtest/gtest.h>

#include "lamina/digest.h"

namespace lamina::archive {
namespace {

std::string times(std::string_view text, int count) {
  std::string result;
  while (count-- > 0) result += text;
  return result;
}

constexpr std::uint64_t kEightGib = std::uint64_t{1} << 33;

struct HeaderCase {
  std::string label;
  std::string name;
  bool directory;
  std::uint32_t mode;
  std::uint64_t size;
  std::size_t bytes;
  std::string sha256;  // Of what archive/tar of Go 1.26 writes for the same header.
};

class TarHeader : public testing::TestWithParam<HeaderCase> {};

TEST_P(TarHeader, EqualsThatOfGo) {
  const HeaderCase& given = GetParam();
  const std::string header = tar_header(given.name, given.directory, given.mode, given.size);
  EXPECT_EQ(header.size(), given.bytes);
  EXPECT_EQ(Digest::of(header).hex(), given.sha256);
}

INSTANTIATE_TEST_SUITE_P(
    Names, TarHeader,
    testing::Values(HeaderCase{"UnderEightGib", "big", false, 0600, kEightGib - 1, 512,
                               "ab6efcd0b495f0240a9777a6c2fc418d164bea6af95935fc0c91d95e58f483ff"},
                    HeaderCase{"EightGib", "big", false, 0600, kEightGib, 1536,
                               "0e2513b185ddc4225c74a8e9063fdbea77b79e2f2e449358b784cbee5043013f"},
                    HeaderCase{"EightGibBelow", "d/e/big", false, 0600, kEightGib + 5, 1536,
                               "7daf767c92879e0dff40fb8be5d7ec4e26bab8296d94e3e964b6bf787d8242f9"},
                    HeaderCase{"LargeAndLong", times("d", 60) + "/" + times("f", 90), false, 0644,
                               std::uint64_t{1} << 40, 1536,
                               "9f7e940cf729c5978528af6156d100b2520b408166190243e5d6b046115bea27"},
                    HeaderCase{"UnicodeDirectory", "ü/ö", true, 0750, 0, 1536,
                               "a14ef987e19b5b9118f7714b8f5c7acd849563ed15d194780c7783d0765ebaef"},
                    HeaderCase{"CutAtSlash", times("a", 99) + "/" + times("b", 120), false, 0600, 3, 1536,
                               "82ca43b561a26e2c8199165efe32948644f6c97b78734c889e64113c6a21c889"},
                    HeaderCase{"Name100", times("a", 100), false, 0700, 1, 512,
                               "c0372b9fee920323bedcc39f4e82b61cdacec951b6446cabc547eadeaadd8b29"},
                    HeaderCase{"Name101", times("a", 101), false, 0700, 1, 1536,
                               "db9e4b60f344f777a03a7952a0a64be5034a5b0cda9f99e8c9f771accd05a636"},
                    HeaderCase{"Prefix155", times("p", 155) + "/" + times("n", 100), false, 0700, 1, 512,
                               "b21102d554750e14088055e5e39881660d2ca663d5345ad6cba0f17b6f4af21c"},
                    HeaderCase{"Prefix156", times("p", 156) + "/" + times("n", 100), false, 0700, 1, 1536,
                               "b7cf9ad1e1567d815932414ca702736838a8d6a3b5fe2e8e6d155044d24df66f"},
                    HeaderCase{"NothingAscii", times("ü", 80), true, 0755, 0, 1536,
                               "778b2ef5483dc2bc5dc013f49d1914388bc94833c7c982df50aee589ecf0be47"},
                    HeaderCase{"Record99", times("a", 50) + "/é" + times("b", 36), false, 0600, 7, 1536,
                               "8ee19b92e303bba4c21b5796d9d7e8c3eb50ba660226908055596a7ac731300b"},
                    HeaderCase{"Record100", times("a", 50) + "/é" + times("b", 37), false, 0600, 7, 1536,
                               "e4f70d42e460e028c566d556e407665ed1b98585b800003147b0e46f86d568c9"},
                    HeaderCase{"Record101", times("a", 50) + "/é" + times("b", 38), false, 0600, 7, 1536,
                               "9b8c039e6cd212705b31acc7a5da46b02bc08bec4317eccbfaeedddfc7dcf237"},
                    HeaderCase{"Record102", times("a", 50) + "/é" + times("b", 39), false, 0600, 7, 1536,
                               "40756cb6a8860ab4491ebfe60879cf18d510b61571d040b4efb2e35ed17d29fb"}),
    [](const auto& test) { return test.param.label; });

}  // namespace
}  // namespace lamina::archive
