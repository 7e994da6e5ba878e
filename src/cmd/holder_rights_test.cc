// SPDX-License-Identifier: Apache-2.0
#include "cmd/holder_rights.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace lamina::cmd {
namespace {

/// The file of deploy/, without its comments.
std::string installed() {
  const auto path = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / __FILE__).parent_path() /
                    "../../deploy/rbac/holders.yaml";
  std::ifstream in(path);
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("#")) text += line + "\n";
  }
  return text;
}

TEST(HolderRights, AreThoseOfTheDeployment) {
  std::vector<kube::ResourceType> types;
  for (const char* kind : {"Resource", "Component", "LocalizedResource", "ConfiguredResource"}) {
    types.push_back(guessed_type({.group = "delivery.ocm.software", .kind = kind}));
  }
  EXPECT_EQ(holder_rights(types), installed());
}

TEST(HolderRights, HaveOneRuleForAGroup) {
  const std::string text = holder_rights({guessed_type({.group = "b.example", .kind = "Widget"}),
                                          guessed_type({.group = "a.example", .kind = "Gadget"})});
  EXPECT_NE(text.find("  - apiGroups: [a.example]\n    resources: [gadgets]\n"), std::string::npos);
  EXPECT_LT(text.find("a.example"), text.find("b.example"));
}

}  // namespace
}  // namespace lamina::cmd
