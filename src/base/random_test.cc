// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace lamina {
namespace {

TEST(SystemRandom, GivesDistinctHexFromAnyThread) {
  SystemRandom random;
  std::mutex mutex;
  std::set<std::string> seen;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = random.hex128();
        EXPECT_EQ(text.size(), 32u);
        EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
        const std::lock_guard lock(mutex);
        seen.insert(text);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(seen.size(), 400u);
}

}  // namespace
}  // namespace lamina
