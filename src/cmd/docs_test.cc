// SPDX-License-Identifier: Apache-2.0
// docs/cli.md and docs/config.md hold tables that follow from the code. LAMINA_UPDATE_DOCS=1 writes them
// anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cmd/commands.h"
#include "cmd/config.h"
#include "cmd/exit_status.h"
#include "cmd/help.h"
#include "cmd/setting.h"

namespace lamina::cmd {
namespace {

/// Of the source tree. The compiler ran in the build folder, where this program is.
const std::filesystem::path kDocs =
    (std::filesystem::read_symlink("/proc/self/exe").parent_path() / __FILE__).parent_path() / "../../docs";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Compares what is between `<!-- begin <part> -->` and `<!-- end <part> -->` in the file.
void expect_part(const std::string& file, std::string_view part, const std::string& expected) {
  std::string text = read(kDocs / file);
  const std::string begin = fmt::format("<!-- begin {} -->\n", part);
  const auto from = text.find(begin);
  const auto to = text.find(fmt::format("<!-- end {} -->", part));
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos && from < to)
      << file << " has no part " << part;
  const auto at = from + begin.size();
  if (std::getenv("LAMINA_UPDATE_DOCS") != nullptr) {
    std::ofstream(kDocs / file, std::ios::binary) << text.replace(at, to - at, expected);
    return;
  }
  EXPECT_EQ(text.substr(at, to - at), expected) << file << ": run cmd_test with LAMINA_UPDATE_DOCS=1";
}

TEST(Docs, CliHasTheHelpOfEveryCommand) {
  CommonOptions common;
  std::vector<Command> commands;
  add_commands(commands, common);
  std::string text;
  for (const Command& command : commands) {
    text += fmt::format("\n### lamina {}\n\n```text\n{}```\n", command.name, command_help(command));
  }
  expect_part("cli.md", "commands", text + '\n');
}

TEST(Docs, CliHasTheExitStatuses) {
  std::string text = "| status | meaning |\n| --- | --- |\n";
  for (const ExitStatus& status : exit_statuses())
    text += fmt::format("| {} | {} |\n", status.status, status.meaning);
  expect_part("cli.md", "exit statuses", text);
}

TEST(Docs, ConfigHasEverySetting) {
  std::string text = "| key | variable | value | default | |\n| --- | --- | --- | --- | --- |\n";
  for (const Setting& setting : settings()) {
    std::string value(setting.value.empty() ? "true\\|false" : setting.value);
    if (setting.kind == SettingKind::kChoice)
      value = fmt::format("{}", fmt::join(choices_of(setting.value), "\\|"));
    if (setting.kind == SettingKind::kList) value = "list of " + value;
    text += fmt::format("| {}.{} | `{}` | {} | {} | {} |\n", setting.section, setting.name,
                        variable_of(setting), value, setting.fallback, setting.help);
  }
  expect_part("config.md", "settings", text);
}

TEST(Docs, TheExampleOfConfigIsOne) {
  const std::string text = read(kDocs / "config.md");
  const std::string begin = "```yaml\n";
  const auto from = text.find(begin);
  ASSERT_NE(from, std::string::npos);
  const auto at = from + begin.size();
  const auto config = parse_config(text.substr(at, text.find("```", at) - at), "config.md");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_FALSE(config->empty());
}

}  // namespace
}  // namespace lamina::cmd
