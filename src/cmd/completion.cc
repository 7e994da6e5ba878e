// SPDX-License-Identifier: Apache-2.0
#include "cmd/completion.h"

#include <fmt/format.h>

#include <memory>

#include "cmd/commands.h"

namespace lamina::cmd {
namespace {

constexpr std::string_view kShells = "bash|zsh|fish";

/// Empty where any value may be given.
std::string_view choices(const Option& option) {
  // `TAG|DIGEST` stands for what the user knows; choices are lower-case words.
  const bool closed = option.value.contains('|') &&
                      option.value.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
  return closed ? std::string_view(option.value) : std::string_view();
}

/// `a b c` of `a|b|c`.
std::string words(std::string_view choices) { return fmt::format("{}", fmt::join(choices_of(choices), " ")); }

/// In single quotes for any of the three shells.
std::string quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'')
      made += R"('\'')";
    else
      made += c;
  }
  return made + "'";
}

/// The argument that is completed, whichever of them is written.
Argument first_argument(const Command& command) {
  return command.arguments.empty() ? Argument{} : command.arguments.front();
}

std::string_view bash_files(Completes what) {
  switch (what) {
    case Completes::kFiles: return R"(COMPREPLY=($(compgen -f -- "$word")))";
    case Completes::kDirectories: return R"(COMPREPLY=($(compgen -d -- "$word")))";
    case Completes::kNothing: return ":";
  }
  return ":";
}

std::string bash_values(std::string_view choices, Completes otherwise) {
  if (choices.empty()) return std::string(bash_files(otherwise));
  return fmt::format(R"(COMPREPLY=($(compgen -W {} -- "$word")))", quoted(words(choices)));
}

std::string zsh_action(std::string_view choices, Completes otherwise) {
  if (!choices.empty()) return fmt::format("({})", words(choices));
  switch (otherwise) {
    case Completes::kFiles: return "_files";
    case Completes::kDirectories: return "_files -/";
    case Completes::kNothing: return " ";
  }
  return " ";
}

/// A text in a specification of _arguments, where brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') made += '\\';
    made += c;
  }
  return made;
}

}  // namespace

std::string bash_completion(std::span<const Command> commands) {
  std::string names, cases;
  for (const Command& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    std::string options = "--help", values;
    for (const Option& option : command.options) {
      for (const auto name : names_of(option)) options += ' ' + std::string(name);
      if (option.value.empty()) continue;
      values += fmt::format("        {}) {}; return ;;\n", fmt::join(names_of(option), "|"),
                            bash_values(choices(option), option.completes));
    }
    cases += fmt::format(R"(    {})
      case $previous in
{}      esac
      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W {} -- "$word")); return; fi
      {}
      ;;
)",
                         command.name, values, quoted(options),
                         bash_values(first_argument(command).choices, first_argument(command).completes));
  }
  return fmt::format(R"(# bash completion of lamina: source <(lamina completion bash)
_lamina() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W {} -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
}}
complete -o filenames -F _lamina lamina
)",
                     quoted(names + " help --help --version"), cases);
}

std::string zsh_completion(std::span<const Command> commands) {
  std::string names, cases;
  for (const Command& command : commands) {
    names += fmt::format("    {}\n", quoted(command.name + ':' + command.summary));
    cases += fmt::format("    {})\n      _arguments", command.name);
    for (const Option& option : command.options) {
      for (const auto name : names_of(option)) {
        std::string spec = fmt::format("{}{}[{}]", option.repeated ? "*" : "", name, zsh_text(option.help));
        if (!option.value.empty()) {
          spec +=
              fmt::format(":{}:{}", zsh_text(option.value), zsh_action(choices(option), option.completes));
        }
        cases += fmt::format(" \\\n        {}", quoted(spec));
      }
    }
    for (const Argument& argument : command.arguments) {
      cases +=
          fmt::format(" \\\n        {}",
                      quoted(fmt::format("{}:{}:{}", argument.repeated ? "*" : "", zsh_text(argument.name),
                                         zsh_action(argument.choices, argument.completes))));
    }
    cases += "\n      ;;\n";
  }
  return fmt::format(R"(#compdef lamina
# zsh completion of lamina: source <(lamina completion zsh)
_lamina() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
{}  esac
}}
compdef _lamina lamina
)",
                     names, cases);
}

std::string fish_completion(std::span<const Command> commands) {
  std::string script =
      "# fish completion of lamina: lamina completion fish | source\ncomplete -c lamina -f\n";
  for (const Command& command : commands) {
    script += fmt::format("complete -c lamina -n __fish_use_subcommand -a {} -d {}\n", command.name,
                          quoted(command.summary));
    const std::string condition = quoted("__fish_seen_subcommand_from " + command.name);
    const Argument argument = first_argument(command);
    if (!argument.choices.empty()) {
      script += fmt::format("complete -c lamina -n {} -a {}\n", condition, quoted(words(argument.choices)));
    } else if (argument.completes != Completes::kNothing) {
      script += fmt::format("complete -c lamina -n {} -F\n", condition);
    }
    for (const Option& option : command.options) {
      script += fmt::format("complete -c lamina -n {}", condition);
      for (const auto name : names_of(option)) {
        script += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                         : fmt::format(" -s {}", name.substr(1));
      }
      if (!choices(option).empty()) {
        script += fmt::format(" -x -a {}", quoted(words(choices(option))));
      } else if (!option.value.empty()) {
        script += option.completes == Completes::kNothing ? " -x" : " -r -F";
      }
      script += fmt::format(" -d {}\n", quoted(option.help));
    }
  }
  return script;
}

Command completion_command(const std::vector<Command>& commands) {
  const auto shell = std::make_shared<std::string>();
  Command command{
      .name = "completion",
      .summary = "Print a script for a shell's completion",
      .description = "Prints a script that makes bash, zsh or fish complete lamina's commands and options.",
      .examples = {{"In this bash", "source <(lamina completion bash)"},
                   {"In every fish", "lamina completion fish >~/.config/fish/completions/lamina.fish"}},
      .arguments = {},
      .options = {},
      .run = [shell, &commands](Context&) -> Result<Report> {
        LAMINA_ASSIGN(const std::size_t choice, parse_choice(kShells, *shell));
        // As in kShells.
        constexpr decltype(&bash_completion) kScripts[] = {bash_completion, zsh_completion, fish_completion};
        return Report{.text = kScripts[choice](commands), .json = ""};
      }};
  command.argument("SHELL", *shell, "bash, zsh or fish").choices = kShells;
  return command;
}

}  // namespace lamina::cmd
