// SPDX-License-Identifier: Apache-2.0
#include "lamina/digest.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <unordered_set>
#include <utility>

namespace lamina {
namespace {

// FIPS 180-4 examples: "" and "abc".
constexpr std::string_view kEmpty256 =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc256 =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kAbc512 =
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

TEST(Digest, OfKnownBytes) {
  EXPECT_EQ(Digest::of("").to_string(), kEmpty256);
  EXPECT_EQ(Digest::of("abc").to_string(), kAbc256);
  EXPECT_EQ(Digest::of("abc", Algorithm::kSha512).to_string(), kAbc512);
}

TEST(Digest, ParseIsTheInverseOfToString) {
  for (const std::string_view text : {kEmpty256, kAbc256, kAbc512}) {
    const auto digest = Digest::parse(text);
    ASSERT_TRUE(digest) << text;
    EXPECT_EQ(digest->to_string(), text);
    EXPECT_EQ(digest->hex(), text.substr(7));
    EXPECT_EQ(Digest::from_raw(digest->algorithm(), digest->raw()), *digest);
  }
}

struct Malformed {
  std::string text;
  Code code;
};

TEST(Digest, ParseRefuses) {
  const std::string hex(64, 'a');
  const Malformed cases[] = {
      {"", Code::kInvalid},
      {":", Code::kInvalid},
      {hex, Code::kInvalid},
      {"sha256:", Code::kInvalid},
      {"sha256:" + hex.substr(1), Code::kInvalid},
      {"sha256:" + hex + "a", Code::kInvalid},
      {"sha256:" + std::string(64, 'A'), Code::kInvalid},
      {"sha256:" + hex.substr(1) + "g", Code::kInvalid},
      {"sha256:" + hex.substr(1) + std::string(1, '\0'), Code::kInvalid},
      {"sha256:" + hex.substr(1) + "\xff", Code::kInvalid},
      {"sha512:" + hex, Code::kInvalid},
      {"SHA256:" + hex, Code::kInvalid},
      {" sha256:" + hex, Code::kInvalid},
      {"sha256:" + hex + " ", Code::kInvalid},
      {"sha256::" + hex, Code::kInvalid},
      {"+sha256:" + hex, Code::kInvalid},
      {"sha256+:" + hex, Code::kInvalid},
      {"a++b:" + hex, Code::kInvalid},
      {"md5:" + hex.substr(32), Code::kUnsupported},
      {"sha384:" + hex, Code::kUnsupported},
      {"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", Code::kUnsupported},
      {"sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", Code::kUnsupported},
  };
  for (const auto& [text, code] : cases) {
    const auto digest = Digest::parse(text);
    ASSERT_FALSE(digest) << text;
    EXPECT_EQ(digest.error().code, code) << text;
    EXPECT_EQ(digest.error().about, About::kDigest) << text;
    EXPECT_FALSE(digest.error().message.empty());
  }
}

TEST(Digest, OrdersByAlgorithmThenBytes) {
  const Digest a = *Digest::parse("sha256:" + std::string(64, '0'));
  const Digest b = *Digest::parse("sha256:" + std::string(63, '0') + "1");
  const Digest c = *Digest::parse("sha512:" + std::string(128, '0'));
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  EXPECT_EQ(a, Digest());
}

TEST(Digest, HashTellsContentApart) {
  std::unordered_set<Digest> digests;
  std::unordered_set<std::size_t> hashes;
  for (int i = 0; i < 1000; ++i) {
    digests.insert(Digest::of(std::to_string(i)));
    hashes.insert(std::hash<Digest>()(Digest::of(std::to_string(i))));
  }
  EXPECT_EQ(digests.size(), 1000U);
  EXPECT_EQ(hashes.size(), 1000U);
  EXPECT_TRUE(digests.contains(Digest::of("7")));
}

TEST(DigestDeathTest, RawBytesOfAnotherLengthEndTheProgram) {
  const std::byte raw[33] = {};
  EXPECT_DEATH(Digest::from_raw(Algorithm::kSha256, raw), "another length");
}

TEST(Algorithm, ParseIsTheInverseOfToString) {
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha512}) {
    EXPECT_EQ(parse_algorithm(to_string(algorithm)), algorithm);
  }
  EXPECT_EQ(parse_algorithm("blake3").error().code, Code::kUnsupported);
  EXPECT_EQ(parse_algorithm("SHA256").error().code, Code::kInvalid);
  EXPECT_EQ(parse_algorithm("").error().code, Code::kInvalid);
}

TEST(Hasher, PiecesGiveTheDigestOfTheWhole) {
  std::string bytes;
  for (int i = 0; i < 10000; ++i) bytes += static_cast<char>(i * 7);
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha512}) {
    for (const std::size_t piece : {1U, 63U, 64U, 129U, 10000U}) {
      Hasher hasher(algorithm);
      for (std::size_t at = 0; at < bytes.size(); at += piece)
        hasher.update(std::string_view(bytes).substr(at, piece));
      EXPECT_EQ(hasher.digest(), Digest::of(bytes, algorithm)) << piece;
    }
  }
}

TEST(Hasher, GoesOnAfterDigest) {
  Hasher hasher;
  EXPECT_EQ(hasher.digest().to_string(), kEmpty256);
  hasher.update("ab");
  EXPECT_EQ(hasher.digest(), Digest::of("ab"));
  EXPECT_EQ(hasher.digest(), Digest::of("ab"));
  hasher.update("");
  hasher.update("c");
  EXPECT_EQ(hasher.digest().to_string(), kAbc256);
}

TEST(Hasher, MovesWithItsState) {
  Hasher first(Algorithm::kSha512);
  first.update("a");
  Hasher second = std::move(first);
  second.update("bc");
  EXPECT_EQ(second.algorithm(), Algorithm::kSha512);
  EXPECT_EQ(second.digest().to_string(), kAbc512);
}

}  // namespace
}  // namespace lamina
