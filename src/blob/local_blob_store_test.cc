// SPDX-License-Identifier: Apache-2.0
#include "blob/local_blob_store.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "blob/testing/conformance.h"
#include "blob/testing/memory_blob_store.h"
#include "fs/testing/memory_file_system.h"

namespace lamina::blob {
namespace {

using testing::AnyOf;
using testing::ElementsAre;

/// The store together with the files that it works on.
BlobStoreUnderTest local_on(std::shared_ptr<fs::FileSystem> files, const fs::Path& root,
                            std::function<void()> cleanup) {
  std::shared_ptr<BlobStore> store = LocalBlobStore::open(*files, root).value();
  return {{store.get(), [store, files](BlobStore*) mutable { store.reset(); }}, std::move(cleanup)};
}

BlobStoreUnderTest local_under_test() {
  std::string root = (std::filesystem::temp_directory_path() / "lamina-blob-XXXXXX").string();
  EXPECT_NE(::mkdtemp(root.data()), nullptr);
  return local_on(fs::posix_file_system(), root, [root] { std::filesystem::remove_all(root); });
}

BlobStoreUnderTest local_in_memory_under_test() {
  return local_on(std::make_shared<fs::MemoryFileSystem>(), "/", nullptr);
}

BlobStoreUnderTest memory_under_test() { return {std::make_shared<MemoryBlobStore>(), nullptr}; }

INSTANTIATE_TEST_SUITE_P(Backends, BlobStoreConformance,
                         testing::Values(BlobStoreBackend{"Local", local_under_test},
                                         BlobStoreBackend{"LocalInMemory", local_in_memory_under_test},
                                         BlobStoreBackend{"Memory", memory_under_test}),
                         backend_name);

constexpr std::string_view kBytes = "the bytes of a blob";

class LocalBlobStoreTest : public testing::Test {
 protected:
  std::unique_ptr<BlobStore> open() { return LocalBlobStore::open(files_, "/").value(); }
  /// Every call from this one on fails, as where the process died.
  void die_at(std::uint64_t call) {
    const std::uint64_t fatal = files_.calls() + call;
    files_.set_fault([fatal](const fs::Call& each) -> std::optional<Error> {
      if (each.index < fatal) return std::nullopt;
      return Error{Code::kInternal, About::kNothing, "dead"};
    });
  }
  void revive() { files_.set_fault(nullptr); }

  fs::MemoryFileSystem files_;
  const Digest digest_ = Digest::of(kBytes);
  const UploadId upload_ = upload_id(1);
};

TEST_F(LocalBlobStoreTest, ABlobSurvivesPowerLossOncePublished) {
  auto store = open();
  append(*store, upload_, kBytes);
  ASSERT_TRUE(store->publish(upload_, digest_));
  files_.lose_unsynced();
  store = open();
  EXPECT_EQ(read_all(store->open(store->id_for(upload_, digest_))), kBytes);
  EXPECT_TRUE(store->list_uploads()->empty()) << "the upload is gone for good";
}

TEST_F(LocalBlobStoreTest, TheFirstBlobOfAShardSurvivesARestartBetweenItsDirectoryAndItsSync) {
  {
    const auto store = open();
    append(*store, upload_, kBytes);
    die_at(1);  // After make_directory.
    ASSERT_FALSE(store->publish(upload_, digest_));
    revive();
  }
  const auto store = open();
  ASSERT_TRUE(store->publish(upload_, digest_));
  files_.lose_unsynced();
  EXPECT_EQ(read_all(store->open(store->id_for(upload_, digest_))), kBytes);
}

TEST_F(LocalBlobStoreTest, ARemovalSurvivesPowerLoss) {
  const auto store = open();
  append(*store, upload_, kBytes);
  ASSERT_TRUE(store->publish(upload_, digest_));
  const BlobId id = store->id_for(upload_, digest_);

  die_at(1);  // After the file's removal.
  ASSERT_FALSE(store->remove(id));
  revive();
  ASSERT_TRUE(store->remove(id));
  files_.lose_unsynced();
  EXPECT_EQ(read_all(store->open(id)), "(not found)");
}

TEST(LocalBlobStorePowerLoss, NeverLeavesAPartOfABlobAtAnyCallOfPublish) {
  const Digest digest = Digest::of(std::string(10'000, 'b'));
  const UploadId upload = upload_id(1);
  const auto prepare = [&](fs::MemoryFileSystem& files) {
    auto store = LocalBlobStore::open(files, "/").value();
    append(*store, upload, std::string(10'000, 'b'));
    return store;
  };
  std::uint64_t calls = 0;
  {
    fs::MemoryFileSystem files;
    const auto store = prepare(files);
    calls = files.calls();
    ASSERT_TRUE(store->publish(upload, digest));
    calls = files.calls() - calls;
  }
  ASSERT_GE(calls, 6U);
  for (std::uint64_t fatal = 0; fatal < calls; ++fatal) {
    for (std::uint64_t seed = 0; seed < 32; ++seed) {
      fs::MemoryFileSystem files;
      const auto store = prepare(files);
      const BlobId id = store->id_for(upload, digest);
      const std::uint64_t first = files.calls();
      files.set_fault([&](const fs::Call& call) -> std::optional<Error> {
        if (call.index < first + fatal) return std::nullopt;
        return Error{Code::kInternal, About::kNothing, "dead"};
      });
      ASSERT_FALSE(store->publish(upload, digest));
      files.set_fault(nullptr);
      files.lose_unsynced(seed);

      const auto after = LocalBlobStore::open(files, "/").value();
      ASSERT_THAT(read_all(after->open(id)), AnyOf("(not found)", std::string(10'000, 'b')))
          << "died at call " << fatal << ", seed " << seed;
      // A client that finds all its bytes again may go on.
      if (read_all(after->open(id)) != "(not found)" ||
          read_all(after->read_upload(upload)) == std::string(10'000, 'b')) {
        ASSERT_TRUE(after->publish(upload, digest));
        files.lose_unsynced();
        EXPECT_EQ(read_all(after->open(id)), std::string(10'000, 'b'));
        EXPECT_TRUE(after->list_uploads()->empty());
      }
    }
  }
}

// Each call of publish() fails once: alone, as for want of a descriptor, or with all later ones, as where the
// process died. Either way a repetition completes it.
TEST_F(LocalBlobStoreTest, PublishCanBeRepeatedAfterAFailureOfAnyCall) {
  for (const bool dies : {false, true}) {
    unsigned failing = 0;
    for (bool finished = false; !finished; ++failing) {
      const UploadId upload = upload_id(100 * (dies ? 1 : 2) + failing);
      append(*open(), upload, kBytes);
      const auto store = open();
      const std::uint64_t index = files_.calls() + failing;
      files_.set_fault([=](const fs::Call& call) -> std::optional<Error> {
        if (dies ? call.index < index : call.index != index) return std::nullopt;
        return Error{Code::kInternal, About::kNothing, "no descriptor"};
      });
      finished = store->publish(upload, digest_).has_value();
      revive();
      ASSERT_TRUE(open()->publish(upload, digest_)) << failing;
      EXPECT_EQ(read_all(open()->open(store->id_for(upload, digest_))), kBytes) << failing;
    }
    EXPECT_GE(failing, 7U);
  }
  EXPECT_TRUE(open()->list_uploads()->empty());
}

TEST_F(LocalBlobStoreTest, AFailedAppendLeavesTheUploadAsItWas) {
  const auto store = open();
  append(*store, upload_, "before");
  auto appender = store->append(upload_).value();
  files_.set_fault([](const fs::Call& call) -> std::optional<Error> {
    if (call.operation != fs::Operation::kWrite) return std::nullopt;
    return Error{Code::kNoSpace, About::kNothing, "full"};
  });
  EXPECT_EQ(appender->append(std::as_bytes(std::span("abcd", 4))).error().code, Code::kNoSpace);
  revive();
  EXPECT_EQ(appender->size(), 6U);
  EXPECT_EQ(read_all(store->read_upload(upload_)), "before");
  ASSERT_TRUE(appender->append(std::as_bytes(std::span("ef", 2))));
  EXPECT_EQ(read_all(store->read_upload(upload_)), "beforeef");
}

TEST_F(LocalBlobStoreTest, IsLaidOutAsDocumented) {
  const auto store = open();
  append(*store, upload_, kBytes);
  EXPECT_THAT(files_.list("/uploads").value(), ElementsAre(upload_.str()));
  ASSERT_TRUE(store->publish(upload_, digest_));
  const std::string hex = digest_.hex();
  EXPECT_THAT(files_.list("/").value(), ElementsAre("blobs", "uploads"));
  EXPECT_THAT(files_.list("/blobs").value(), ElementsAre("sha256", "sha512"));
  EXPECT_THAT(files_.list("/blobs/sha256").value(), ElementsAre(hex.substr(0, 2)));
  EXPECT_THAT(files_.list("/blobs/sha256/" + hex.substr(0, 2)).value(),
              ElementsAre(hex + "." + upload_.str()));
}

TEST_F(LocalBlobStoreTest, AuditsPassOverFilesThatAreNotItsOwn) {
  const auto store = open();
  append(*store, upload_, kBytes);
  ASSERT_TRUE(store->publish(upload_, digest_));
  const std::string shard = "/blobs/sha256/" + digest_.hex().substr(0, 2);
  ASSERT_TRUE(files_.create(shard + "/notes.txt"));
  ASSERT_TRUE(files_.create("/uploads/lost+found"));
  EXPECT_THAT(store->list(BlobId(), 10).value(), ElementsAre(store->id_for(upload_, digest_)));
  EXPECT_TRUE(store->list_uploads()->empty());
}

TEST(UploadId, IsThirtyTwoHexDigits) {
  const std::string valid = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(UploadId::parse(valid)->str(), valid);
  for (const std::string& text : {std::string(), valid + "0", valid.substr(1), "G" + valid.substr(1),
                                  "A" + valid.substr(1), "/" + valid.substr(1)}) {
    const auto parsed = UploadId::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kNotFound);
    EXPECT_EQ(parsed.error().about, About::kUpload);
  }
}

}  // namespace
}  // namespace lamina::blob
