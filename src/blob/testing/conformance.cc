// SPDX-License-Identifier: Apache-2.0
#include "blob/testing/conformance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <thread>

namespace lamina::blob {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

}  // namespace

// The library may be linked for its other parts.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BlobStoreConformance);

std::string backend_name(const testing::TestParamInfo<BlobStoreBackend>& info) { return info.param.name; }

UploadId upload_id(unsigned number) {
  const std::string digits = std::to_string(number);
  return UploadId::parse(std::string(32 - digits.size(), '0') + digits).value();
}

void append(BlobStore& store, const UploadId& upload, std::string_view bytes) {
  const auto appender = store.append(upload);
  ASSERT_TRUE(appender) << appender.error().message;
  const auto appended = (*appender)->append(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(appended) << appended.error().message;
}

std::string read_all(const Result<std::unique_ptr<Reader>>& reader) {
  if (!reader) return "(" + std::string(to_string(reader.error().code)) + ")";
  std::string out((*reader)->size(), '\0');
  EXPECT_EQ((*reader)->read_at(0, std::as_writable_bytes(std::span(out))), out.size());
  return out;
}

BlobId BlobStoreConformance::put(unsigned upload, std::string_view bytes, Algorithm algorithm) {
  append(store(), upload_id(upload), bytes);
  const Digest digest = Digest::of(bytes, algorithm);
  const auto published = store().publish(upload_id(upload), digest);
  EXPECT_TRUE(published) << published.error().message;
  return store().id_for(upload_id(upload), digest);
}

TEST_P(BlobStoreConformance, IsEmptyAtFirst) {
  EXPECT_THAT(store().list(BlobId(), 10).value(), IsEmpty());
  EXPECT_THAT(store().list_uploads().value(), IsEmpty());
}

TEST_P(BlobStoreConformance, AnUploadGrowsOverSeveralAppenders) {
  const UploadId upload = upload_id(1);
  EXPECT_EQ(store().read_upload(upload).error().about, About::kUpload);
  EXPECT_EQ(read_all(store().read_upload(upload)), "(not found)");
  EXPECT_EQ(store().append(upload).value()->size(), 0U);
  EXPECT_EQ(read_all(store().read_upload(upload)), "");
  append(store(), upload, "one,");
  append(store(), upload, "");
  append(store(), upload, "two");
  EXPECT_EQ(store().append(upload).value()->size(), 7U);
  EXPECT_EQ(read_all(store().read_upload(upload)), "one,two");
  EXPECT_THAT(store().list_uploads().value(), ElementsAre(upload));
  EXPECT_THAT(store().list(BlobId(), 10).value(), IsEmpty());
}

TEST_P(BlobStoreConformance, DiscardForgetsAnUpload) {
  const UploadId upload = upload_id(1);
  append(store(), upload, "bytes");
  EXPECT_TRUE(store().discard(upload));
  EXPECT_TRUE(store().discard(upload));
  EXPECT_EQ(read_all(store().read_upload(upload)), "(not found)");
  EXPECT_THAT(store().list_uploads().value(), IsEmpty());
  append(store(), upload, "anew");
  EXPECT_EQ(read_all(store().read_upload(upload)), "anew");
}

TEST_P(BlobStoreConformance, PublishMakesABlobOfAnUpload) {
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha512}) {
    const Digest digest = Digest::of("bytes", algorithm);
    const BlobId id = store().id_for(upload_id(1), digest);
    EXPECT_EQ(store().open(id).error().about, About::kBlob);
    EXPECT_EQ(put(1, "bytes", algorithm), id);
    EXPECT_EQ(read_all(store().open(id)), "bytes");
    EXPECT_EQ(read_all(store().read_upload(upload_id(1))), "(not found)");
    EXPECT_THAT(store().list_uploads().value(), IsEmpty());
  }
}

TEST_P(BlobStoreConformance, PublishCanBeRepeated) {
  const Digest digest = Digest::of("bytes");
  const BlobId id = put(1, "bytes");
  EXPECT_TRUE(store().publish(upload_id(1), digest));
  EXPECT_EQ(read_all(store().open(id)), "bytes");
  EXPECT_EQ(store().publish(upload_id(2), digest).error().about, About::kUpload)
      << "an upload that never was is no repetition";
}

TEST_P(BlobStoreConformance, TheSameContentOfTwoUploadsIsTwoBlobs) {
  const BlobId first = put(1, "same");
  const BlobId second = put(2, "same");
  EXPECT_NE(first, second);
  EXPECT_TRUE(store().remove(first));
  EXPECT_EQ(read_all(store().open(first)), "(not found)");
  EXPECT_EQ(read_all(store().open(second)), "same");
}

TEST_P(BlobStoreConformance, RemoveCanBeRepeatedAndSparesOpenReaders) {
  const BlobId id = put(1, "bytes");
  const auto reader = store().open(id);
  EXPECT_TRUE(store().remove(id));
  EXPECT_TRUE(store().remove(id));
  EXPECT_TRUE(store().remove(store().id_for(upload_id(7), Digest::of("never"))));
  EXPECT_EQ(read_all(reader), "bytes");
  EXPECT_EQ(read_all(store().open(id)), "(not found)");
}

TEST_P(BlobStoreConformance, AWrongIdIsNotFound) {
  put(1, "bytes");
  const std::string valid = store().id_for(upload_id(1), Digest::of("bytes")).str();
  for (const std::string& text : {std::string(), std::string("../../etc/passwd"), "x" + valid, valid + "x",
                                  "../" + valid, valid.substr(1), std::string("."), valid + "/.."}) {
    EXPECT_EQ(read_all(store().open(BlobId(text))), "(not found)") << text;
    EXPECT_TRUE(store().remove(BlobId(text))) << text;
  }
  EXPECT_EQ(read_all(store().open(BlobId(valid))), "bytes");
}

TEST_P(BlobStoreConformance, ReadsAtOffsets) {
  const auto reader = store().open(put(1, "0123456789")).value();
  std::array<std::byte, 4> buffer{};
  EXPECT_EQ(reader->size(), 10U);
  EXPECT_EQ(reader->read_at(3, buffer), 4U);
  EXPECT_EQ(buffer[0], std::byte{'3'});
  EXPECT_EQ(reader->read_at(8, buffer), 2U);
  EXPECT_EQ(buffer[1], std::byte{'9'});
  EXPECT_EQ(reader->read_at(10, buffer), 0U);
  EXPECT_EQ(reader->read_at(11, buffer), 0U);
}

TEST_P(BlobStoreConformance, ListsInOrderByPages) {
  std::vector<BlobId> all;
  for (unsigned number = 0; number < 40; ++number) {
    all.push_back(
        put(number, std::to_string(number / 2), number % 3 == 0 ? Algorithm::kSha512 : Algorithm::kSha256));
  }
  std::ranges::sort(all);
  for (const std::size_t limit : {1U, 7U, 40U, 100U}) {
    std::vector<BlobId> seen;
    while (true) {
      const auto page = store().list(seen.empty() ? BlobId() : seen.back(), limit).value();
      EXPECT_LE(page.size(), limit);
      if (page.empty()) break;
      seen.insert(seen.end(), page.begin(), page.end());
    }
    EXPECT_EQ(seen, all);
  }
  EXPECT_TRUE(store().remove(all[3]));
  EXPECT_EQ(store().list(all[3], 1).value(), std::vector{all[4]}) << "`after` need not exist";
  EXPECT_THAT(store().list(BlobId(), 0).value(), IsEmpty());
}

TEST_P(BlobStoreConformance, ServesThreadsAtOnce) {
  const std::string shared(100'000, 's');
  const BlobId id = put(1000, shared);
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (unsigned round = 0; round < 20; ++round) {
          const std::string bytes = std::to_string(thread) + "/" + std::to_string(round);
          EXPECT_EQ(read_all(store().open(put(thread * 100 + round, bytes))), bytes);
          EXPECT_EQ(read_all(store().open(id)), shared);
        }
      });
    }
  }
  EXPECT_EQ(store().list(BlobId(), 1000).value().size(), 81U);
}

}  // namespace lamina::blob
