// SPDX-License-Identifier: Apache-2.0
#include "cmd/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cmd/exit_status.h"

namespace lamina::cmd {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kWidestName = 28;

/// Words of `text` in lines of `width`, all but the first with `indent` before them. Line ends stay.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width = kWidth) {
  std::string wrapped;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, end);
    if (column > indent && column + 1 + word.size() > width) {
      wrapped += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') {
      wrapped += '\n' + std::string(indent, ' ');
      column = indent;
    }
    text.remove_prefix(end + 1);
  }
  return wrapped;
}

struct Row {
  std::string name;
  std::string text;
};

std::string table(std::string_view title, const std::vector<Row>& rows) {
  std::size_t widest = 0;
  for (const Row& row : rows) widest = std::max(widest, std::min(row.name.size(), kWidestName));
  std::string text = fmt::format("\n{}:\n", title);
  const std::size_t indent = widest + 4;
  for (const Row& row : rows) {
    text += fmt::format("  {:{}}", row.name, widest);
    text += row.name.size() > widest ? '\n' + std::string(indent, ' ') : "  ";
    text += wrap(row.text, indent) + '\n';
  }
  return text;
}

std::string usage(const Command& command) {
  std::string line = "lamina " + command.name + " [OPTION]...";
  for (const Argument& argument : command.arguments) {
    const std::string name = argument.name + (argument.repeated ? "..." : "");
    line += argument.required ? ' ' + name : " [" + name + ']';
  }
  return line;
}

Row row_of(const Option& option) {
  // Long names stand below each other, where a short one is missing too.
  std::string name = option.names.starts_with("--") ? "    " : "";
  for (const auto part : names_of(option))
    name += (name.find('-') == std::string::npos ? "" : ", ") + std::string(part);
  if (!option.value.empty()) name += ' ' + option.value;
  std::string text = option.help;
  if (option.repeated) text += "; repeatable";
  if (option.setting != nullptr) {
    const auto fallback = option.setting->kind == SettingKind::kBoolean ? "" : option.setting->fallback;
    if (!fallback.empty()) text += fmt::format(" (default {})", fallback);
    text += fmt::format(" [${}]", variable_of(*option.setting));
  }
  return {name, text};
}

}  // namespace

std::string program_help(std::span<const Command> commands) {
  std::string text =
      "Lamina publishes blobs as OCI artifacts, finds them by identity, pulls and verifies them.\n"
      "\nUsage: lamina COMMAND [OPTION]... [ARGUMENT]...\n";
  std::vector<Row> rows;
  for (const Command& command : commands) rows.push_back({command.name, command.summary});
  text += table("Commands", rows);
  rows.clear();
  for (const ExitStatus& status : exit_statuses())
    rows.push_back({std::to_string(status.status), std::string(status.meaning)});
  text += table("Exit status", rows);
  return text + "\n`lamina COMMAND --help` explains a command.\n";
}

std::string command_help(const Command& command) {
  std::string text =
      fmt::format("{}\n\nUsage: {}\n\n{}\n", command.summary, usage(command), wrap(command.description, 0));
  std::vector<Row> rows;
  for (const Argument& argument : command.arguments) rows.push_back({argument.name, argument.help});
  if (!rows.empty()) text += table("Arguments", rows);
  rows.clear();
  rows.reserve(command.options.size() + 1);
  for (const Option& option : command.options) rows.push_back(row_of(option));
  rows.push_back({"-h, --help", "Print this help"});
  text += table("Options", rows);
  if (!command.examples.empty()) text += "\nExamples:\n";
  for (const auto& [purpose, line] : command.examples) text += fmt::format("  # {}\n  {}\n", purpose, line);
  return text;
}

}  // namespace lamina::cmd
