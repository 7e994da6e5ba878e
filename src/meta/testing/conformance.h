// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "meta/meta_store.h"

namespace lamina::meta {

/// An empty store; `cleanup` removes what it leaves behind.
struct MetaStoreUnderTest {
  std::unique_ptr<MetaStore> store;
  std::function<void()> cleanup;
};

struct MetaStoreBackend {
  std::string name;
  std::function<MetaStoreUnderTest()> make;
};

/// The last argument of INSTANTIATE_TEST_SUITE_P; naming it is also what links the suite into a test program.
std::string backend_name(const testing::TestParamInfo<MetaStoreBackend>& info);

/// What every MetaStore does; INSTANTIATE_TEST_SUITE_P it with the backends.
class MetaStoreConformance : public testing::TestWithParam<MetaStoreBackend> {
 protected:
  MetaStoreConformance() : subject_(GetParam().make()) {}
  ~MetaStoreConformance() override {
    subject_.store.reset();
    if (subject_.cleanup) subject_.cleanup();
  }

  MetaStore& store() { return *subject_.store; }
  /// Commits and returns the sequence; fails the test where it does not commit.
  std::uint64_t commit(Batch batch);
  std::uint64_t put(Table table, std::string_view key, std::string_view value);
  /// Index of the precondition that did not hold, -1 where the batch was committed.
  int conflict(Batch batch);
  /// "key=value" of each record.
  std::vector<std::string> scan(Table table, std::string_view prefix, std::string_view after = {},
                                std::size_t limit = 1000, Include include = Include::kKeysAndValues);
  /// "sequence:payload" of each change, sequences counted from `base`.
  std::vector<std::string> changes(std::uint64_t base, std::uint64_t since, std::size_t limit);

 private:
  MetaStoreUnderTest subject_;
};

Write put_of(Table table, std::string_view key, std::string_view value);
Write delete_of(Table table, std::string_view key);

}  // namespace lamina::meta
