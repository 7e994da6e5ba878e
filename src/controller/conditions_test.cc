// SPDX-License-Identifier: Apache-2.0
#include "controller/conditions.h"

#include <gtest/gtest.h>

#include <set>

namespace lamina::controller {
namespace {

UnixTime at(std::int64_t seconds) { return UnixTime{std::chrono::seconds(seconds)}; }

Condition condition(std::string status, std::int64_t since) {
  return {.type = "Ready",
          .status = std::move(status),
          .reason = "Succeeded",
          .message = "m",
          .since = at(since),
          .observed_generation = 1};
}

TEST(Conditions, KeepTheTimeOfAStatusThatStays) {
  Conditions conditions;
  set_condition(conditions, condition("True", 10));
  set_condition(conditions, condition("True", 20));
  EXPECT_EQ(conditions.front().since, at(10));
  set_condition(conditions, condition("False", 30));
  ASSERT_EQ(conditions.size(), 1u);
  EXPECT_EQ(conditions.front().since, at(30));
  EXPECT_FALSE(is_true(conditions, "Ready"));
  remove_condition(conditions, "Ready");
  EXPECT_EQ(find_condition(conditions, "Ready"), nullptr);
}

TEST(Conditions, AreReadAsTheyAreWritten) {
  Conditions conditions;
  set_condition(conditions, condition("True", 10));
  conditions.front().message = "a \"quoted\"\nline";
  oci::JsonWriter json;
  write_conditions(json, conditions);
  const auto document = oci::parse_json(json.take()).value();
  EXPECT_EQ(read_conditions(&document), conditions);
}

TEST(Conditions, LeaveOutWhatIsMalformed) {
  const auto document =
      oci::parse_json(R"([{"type":"A"},{"status":"True"},7,{"type":"B","status":"True"}])").value();
  EXPECT_EQ(read_conditions(&document).size(), 2u);
  EXPECT_TRUE(read_conditions(nullptr).empty());
}

TEST(Reasons, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (int reason = 0; reason <= static_cast<int>(Reason::kRegistryUnavailable); ++reason) {
    const ReasonRow& row = row_of(static_cast<Reason>(reason));
    EXPECT_EQ(static_cast<int>(row.reason), reason);
    names.insert(row.name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Reason::kRegistryUnavailable) + 1);
}

}  // namespace
}  // namespace lamina::controller
