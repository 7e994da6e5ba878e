// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "blob/blob_store.h"

namespace lamina::blob {

/// An empty store; `cleanup` removes what it leaves behind.
struct BlobStoreUnderTest {
  std::shared_ptr<BlobStore> store;  ///< Its deleter may hold what the store works on.
  std::function<void()> cleanup;
};

struct BlobStoreBackend {
  std::string name;
  std::function<BlobStoreUnderTest()> make;
};

/// The last argument of INSTANTIATE_TEST_SUITE_P; naming it is also what links the suite into a test program.
std::string backend_name(const testing::TestParamInfo<BlobStoreBackend>& info);

/// The upload whose name ends in this number.
UploadId upload_id(unsigned number);
/// Appends to the upload; fails the test where that fails.
void append(BlobStore& store, const UploadId& upload, std::string_view bytes);
/// All bytes, or the error's code in parentheses.
std::string read_all(const Result<std::unique_ptr<Reader>>& reader);

/// What every BlobStore does; INSTANTIATE_TEST_SUITE_P it with the backends.
class BlobStoreConformance : public testing::TestWithParam<BlobStoreBackend> {
 protected:
  BlobStoreConformance() : subject_(GetParam().make()) {}
  ~BlobStoreConformance() override {
    subject_.store.reset();
    if (subject_.cleanup) subject_.cleanup();
  }

  BlobStore& store() { return *subject_.store; }
  /// Uploads and publishes.
  BlobId put(unsigned upload, std::string_view bytes, Algorithm algorithm = Algorithm::kSha256);

 private:
  BlobStoreUnderTest subject_;
};

}  // namespace lamina::blob
