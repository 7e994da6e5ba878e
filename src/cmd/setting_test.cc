// SPDX-License-Identifier: Apache-2.0
#include "cmd/setting.h"

#include <gtest/gtest.h>

#include <set>

namespace lamina::cmd {
namespace {

TEST(Setting, NamesAreUniqueOverAllSections) {
  std::set<std::string_view> names;
  for (const Setting& setting : settings()) EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
}

TEST(Setting, DefaultsAreValues) {
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(setting.fallback.empty() || check(setting, setting.fallback)) << setting.name;
  }
}

TEST(Setting, VariablesFollowFromNames) {
  EXPECT_EQ(variable_of(*find_setting("serve", "advertise-url")), "LAMINA_ADVERTISE_URL");
  EXPECT_EQ(find_setting("client", "advertise-url"), nullptr);
}

}  // namespace
}  // namespace lamina::cmd
