// SPDX-License-Identifier: Apache-2.0
#include "controller/tenancy.h"

#include <gtest/gtest.h>

namespace lamina::controller {
namespace {

RepositoryName repository(std::string_view text) { return RepositoryName::parse(text).value(); }

TEST(Tenancy, ANamespaceHasWhatIsBelowIt) {
  const Tenancy tenancy;
  EXPECT_TRUE(tenancy.allows("team-a", repository("team-a/app")));
  EXPECT_TRUE(tenancy.allows("team-a", repository("team-a/deep/app")));
  for (const char* other : {"team-a", "team-b/app", "team-ab/app", "app", "x/team-a/app", "sha-1"}) {
    EXPECT_FALSE(tenancy.allows("team-a", repository(other))) << other;
  }
}

TEST(Tenancy, RulesAllowMore) {
  Tenancy tenancy;
  tenancy.add(Tenancy::parse_rule("*=sha-*").value());
  tenancy.add(Tenancy::parse_rule("team-*=shared/**").value());
  EXPECT_TRUE(tenancy.allows("any", repository("sha-123")));
  EXPECT_FALSE(tenancy.allows("any", repository("sha-123/x")));
  EXPECT_TRUE(tenancy.allows("team-a", repository("shared/a/b")));
  EXPECT_FALSE(tenancy.allows("other", repository("shared/a/b")));
}

TEST(Tenancy, RefusesMalformedRules) {
  for (const char* text : {"", "=", "a", "a=", "=b"}) {
    EXPECT_EQ(Tenancy::parse_rule(text).error().code, Code::kInvalid) << text;
  }
}

}  // namespace
}  // namespace lamina::controller
