// SPDX-License-Identifier: Apache-2.0
#include "store/records.h"

#include <gtest/gtest.h>

#include <functional>

namespace lamina::store {
namespace {

const Digest kDigest = Digest::of("{}");
constexpr UnixTime kTime{std::chrono::seconds{1'800'000'000}};

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

/// One record in the bytes of format version 1, which may not change.
struct Case {
  std::string name;
  std::string encoded;
  std::function<Result<std::string>(std::string_view)> repeat;  ///< decode() and encode().
  std::string golden;
};

template <class Record>
Case make(std::string name, const Record& record, std::string golden) {
  return {std::move(name), encode(record),
          [](std::string_view bytes) -> Result<std::string> {
            LAMINA_ASSIGN(const Record again, decode<Record>(bytes));
            return encode(again);
          },
          std::move(golden)};
}

std::vector<Case> cases() {
  const std::string digest = "2101" + kDigest.hex();
  const std::string sha512 = "4102" + Digest::of("{}", Algorithm::kSha512).hex();
  const std::string time = "80a4a7da06";
  return {
      make("inline blob",
           BlobRecord{.size = 2,
                      .place = BlobRecord::Place::kInline,
                      .id = blob::BlobId("ab.0f"),
                      .checksum = 0xe3069283},
           "01"
           "02"
           "01"
           "0561622e3066"
           "00"
           "83a59a980e"),
      make("blob in a file, in quarantine",
           BlobRecord{.size = 1u << 20,
                      .place = BlobRecord::Place::kStore,
                      .id = blob::BlobId("ab.0f"),
                      .quarantined = true},
           "01"
           "808040"
           "02"
           "0561622e3066"
           "01"
           "00"),
      make("link", LinkRecord{kTime}, "01" + time),
      make("manifest", ManifestRecord{.media_type = "a/b", .bytes = "{}", .pushed = kTime, .expires = {}},
           "01"
           "03612f62"
           "027b7d" +
               time +
               "00"
               "00"),
      make("condemned manifest that expires",
           ManifestRecord{
               .media_type = "a/b", .bytes = "{}", .pushed = kTime, .expires = kTime, .condemned = true},
           "01"
           "03612f62"
           "027b7d" +
               time + time + "01"),
      make("tag", TagRecord{kDigest, kTime}, "01" + digest + time),
      make("tag of a manifest named by sha512", TagRecord{Digest::of("{}", Algorithm::kSha512), kTime},
           "01" + sha512 + time),
      make("count of tags", TagCountRecord{.tags = 300},
           "01"
           "ac02"
           "00"),
      make("no tags", TagCountRecord{.tags = 0, .untagged = kTime},
           "01"
           "00" +
               time),
      make("repository", RepositoryRecord{kTime}, "01" + time),
      make("open upload", UploadRecord{.repository = "a/b", .started = kTime, .digest = {}},
           "01"
           "03612f62"
           "01" +
               time + "01"),
      make("upload that is published",
           UploadRecord{.repository = "a/b",
                        .algorithm = Algorithm::kSha512,
                        .started = kTime,
                        .state = UploadRecord::State::kPublishing,
                        .digest = kDigest},
           "01"
           "03612f62"
           "02" +
               time + "02" + digest),
      make("change",
           ChangeRecord{
               .kind = ChangeRecord::Kind::kTagRemoved, .repository = "a/b", .tag = "v1", .digest = kDigest},
           "01"
           "02"
           "03612f62"
           "027631" +
               digest),
      make("change log", LogRecord{.cut = 300, .marks = {{kTime, 301}}},
           "01"
           "ac02"
           "01" +
               time + "ad02"),
      make("object that holds two manifests",
           HolderRecord{.uid = "u",
                        .changed = kTime,
                        .holds = {{RepositoryName::parse("a/b").value(), kDigest},
                                  {RepositoryName::parse("c").value(), kDigest}}},
           "01"
           "0175" +
               time +
               "02"
               "03612f62" +
               digest + "0163" + digest),
      make("complete list", SyncRecord{.generation = 300, .began = kTime, .finished = kTime},
           "01"
           "ac02" +
               time + time),
      make("owner", OwnerRecord{.owner = {{"c", "g", "K"}, "n", "m"}, .uid = "u", .released = true},
           "01"
           "09630067004b006e006d"
           "0175"
           "01"),
      {"checksums", encode_checksums({0x01020304, 0xffffffff}),
       [](std::string_view bytes) -> Result<std::string> {
         LAMINA_ASSIGN(const auto again, decode_checksums(bytes));
         return encode_checksums(again);
       },
       "01"
       "02"
       "08"
       "04030201"
       "ffffffff"},
  };
}

TEST(RecordsTest, TheBytesOfFormatVersion1AreKept) {
  for (const Case& each : cases()) EXPECT_EQ(hex(each.encoded), each.golden) << each.name;
}

TEST(RecordsTest, DecodeIsTheInverseOfEncode) {
  for (const Case& each : cases()) {
    const auto again = each.repeat(each.encoded);
    ASSERT_TRUE(again) << each.name << ": " << again.error().message;
    EXPECT_EQ(hex(*again), hex(each.encoded)) << each.name;
  }
}

TEST(RecordsTest, EveryTruncationIsRefused) {
  for (const Case& each : cases()) {
    for (std::size_t size = 0; size < each.encoded.size(); ++size) {
      const auto again = each.repeat(std::string_view(each.encoded).substr(0, size));
      ASSERT_FALSE(again) << each.name << " cut to " << size;
      EXPECT_EQ(again.error().code, Code::kCorrupt);
    }
  }
}

TEST(RecordsTest, EveryExtraByteIsRefused) {
  for (const Case& each : cases()) {
    for (const char extra : {'\0', '\1', '\x7f'}) {
      EXPECT_FALSE(each.repeat(each.encoded + extra)) << each.name;
    }
  }
}

TEST(RecordsTest, AnUnknownVersionIsRefused) {
  for (const Case& each : cases()) {
    for (const char version : {'\0', '\2', '\x7f', '\xff'}) {
      std::string other = each.encoded;
      other[0] = version;
      EXPECT_FALSE(each.repeat(other)) << each.name;
    }
  }
}

// What decodes is what encode() writes: then records can be compared as bytes.
TEST(RecordsTest, AnyChangedByteIsRefusedOrIsAnotherRecord) {
  for (const Case& each : cases()) {
    for (std::size_t at = 1; at < each.encoded.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = each.encoded;
        other[at] = static_cast<char>(other[at] ^ (1 << bit));
        const auto again = each.repeat(other);
        if (!again) continue;
        EXPECT_EQ(hex(*again), hex(other)) << each.name << ", byte " << at << ", bit " << bit;
      }
    }
  }
}

TEST(RecordsTest, NumbersHaveOneForm) {
  const auto link = [](std::string_view number) {
    return decode<LinkRecord>("\1" + std::string(number)).has_value();
  };
  EXPECT_TRUE(link("\x05"));
  EXPECT_FALSE(link(std::string_view("\x85\x00", 2))) << "a byte more than it needs";
  EXPECT_TRUE(link("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")) << "2^64 - 1";
  EXPECT_FALSE(link("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")) << "beyond 64 bits";
  EXPECT_FALSE(link("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

TEST(RecordsTest, ChecksumsMustBeAsManyAsTheySay) {
  EXPECT_TRUE(decode_checksums(encode_checksums({}))->empty());
  EXPECT_FALSE(decode_checksums(std::string_view("\1\2\4abcd", 7)));
  EXPECT_FALSE(decode_checksums(std::string_view("\1\1\3abc", 6)));
}

}  // namespace
}  // namespace lamina::store
