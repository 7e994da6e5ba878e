// SPDX-License-Identifier: Apache-2.0
#include "cmd/completion.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>

#include <memory>

#include "archive/testing/temporary_tree.h"
#include "cmd/commands.h"

namespace lamina::cmd {
namespace {

class Completion : public testing::Test {
 protected:
  Completion() { add_commands(commands_, common_); }
  CommonOptions common_;
  std::vector<Command> commands_;
};

/// What bash completes the last of `words` to, sorted, in a folder with the file `notes` and the folder
/// `nest`.
std::string complete(const std::string& script, const std::string& words) {
  const archive::TemporaryTree tree;
  tree.file("script", script + "\nCOMP_WORDS=(" + words +
                          ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_lamina\nprintf '%s\\n' "
                          "\"${COMPREPLY[@]}\" | sort | paste -sd' '\n");
  tree.file("in/notes", "");
  tree.directory("in/nest");
  const std::string command = "cd " + tree.path().string() + "/in && bash -u ../script 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "re"), pclose);
  std::string text(4096, '\0');
  text.resize(fread(text.data(), 1, text.size(), output.get()));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST_F(Completion, BashCompletesCommandsOptionsChoicesAndFiles) {
  const std::string script = bash_completion(commands_);
  const struct {
    std::string words;
    std::string_view expected;
  } kCases[] = {
      {"lamina pu", "publish pull push"},
      {"lamina comp", "completion"},
      {"lamina push --regi", "--registry"},
      {"lamina push --profile o", "ocm-v1 ocm-v2"},
      {"lamina pull a:1 -o j", "json"},
      {"lamina push n", "nest notes"},
      {"lamina pack n", "nest"},
      {"lamina pull a:1 --to no", "notes"},
      {"lamina completion ''", "bash fish zsh"},
      {"lamina push x --tag n", ""},
      {"lamina resolve n", ""},
      {"lamina wa", "watch"},
      {"lamina watch a:1 --on", "--once"},
      {"lamina watch n", ""},
      {"lamina nonsense n", ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(complete(script, c.words), c.expected) << c.words;
}

TEST_F(Completion, EveryShellKnowsEveryOption) {
  const std::string bash = bash_completion(commands_), zsh = zsh_completion(commands_),
                    fish = fish_completion(commands_);
  for (const Command& command : commands_) {
    for (const Option& option : command.options) {
      const std::string name(long_name_of(option));
      EXPECT_TRUE(bash.contains("--" + name)) << name;
      EXPECT_TRUE(zsh.contains("--" + name + "[")) << name;
      EXPECT_TRUE(fish.contains("__fish_seen_subcommand_from " + command.name + "' -")) << command.name;
      EXPECT_TRUE(fish.contains(" -l " + name + " ")) << name;
    }
  }
}

TEST_F(Completion, OtherShellsKnowTheNamesOfShells) {
  EXPECT_TRUE(zsh_completion(commands_).contains("':SHELL:(bash zsh fish)'"));
  EXPECT_TRUE(fish_completion(commands_).contains("completion' -a 'bash zsh fish'\n"));
}

TEST(CompletionText, IsQuoted) {
  Command command;
  command.name = "x";
  command.summary = "it's";
  bool flag = false;
  command.flag("--f", flag, "a [b]: c's");
  const std::vector<Command> commands{command};
  EXPECT_TRUE(zsh_completion(commands).contains(R"('x:it'\''s')"));
  EXPECT_TRUE(zsh_completion(commands).contains(R"('--f[a \[b\]\: c'\''s]')"));
  EXPECT_TRUE(fish_completion(commands).contains(R"(-l f -d 'a [b]: c'\''s')"));
}

}  // namespace
}  // namespace lamina::cmd
