// SPDX-License-Identifier: Apache-2.0
#include "cmd/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cmd/config.h"
#include "cmd/suggestion.h"
#include "lamina/identity.h"

namespace lamina::cmd {
namespace {

constexpr std::string_view kConfigVariable = "LAMINA_CONFIG";
constexpr std::string_view kOutputVariable = "LAMINA_OUTPUT";

struct Occurrences {
  bool help = false;
  std::vector<std::vector<std::string>> options;  // As in Command::options.
  std::vector<std::string> arguments;
};

Error explain(Error error, std::string_view where) {
  error.message = fmt::format("{}: {}", where, error.message);
  return error;
}

Error misuse(const Command& command, std::string_view what) {
  return {Code::kInvalid, About::kNothing, fmt::format("{}; see `lamina {} --help`", what, command.name)};
}

/// What CLI11 makes of the command line; it has neither types nor defaults here.
Result<Occurrences> tokenize(const Command& command, std::span<const std::string> arguments) {
  CLI::App app;
  app.set_help_flag("-h,--help");
  const CLI::callback_t accept = [](const CLI::results_t&) { return true; };

  std::vector<CLI::Option*> options, positional;
  for (const Option& option : command.options) {
    CLI::Option* made =
        option.value.empty() ? app.add_flag(option.names) : app.add_option(option.names, accept);
    if (!option.value.empty()) made->expected(1)->allow_extra_args(false);
    made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);  // Counted below, for a message of our own.
    options.push_back(made);
  }
  // CLI11 takes an argument of many values apart where it stands in brackets; so each value is one of its
  // own.
  const bool many = !command.arguments.empty() && command.arguments.back().repeated;
  const std::size_t most = many ? kMaxIdentityEntries + 1 : command.arguments.size() + 1;
  for (std::size_t i = 0; i < most; ++i) {
    positional.push_back(app.add_option(fmt::format("argument{}", i), accept)->allow_extra_args(false));
  }

  std::vector<std::string> words;  // As CLI11 wants them, the last one first.
  for (const std::string& argument : arguments) {
    // CLI11 would take the next word for the value of `--name=`.
    const bool empty_value = argument.starts_with("--") && argument.find('=') + 1 == argument.size();
    words.push_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
    if (empty_value) words.emplace_back();
  }
  std::ranges::reverse(words);

  Occurrences found;
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    found.help = true;
    return found;
  } catch (const CLI::ExtrasError& error) {
    const auto extras = app.remaining();
    const std::string& first = extras.front();
    if (!first.starts_with('-')) return std::unexpected(misuse(command, "too many arguments"));
    std::vector<std::string_view> known{"--help"};
    for (const Option& option : command.options)
      std::ranges::copy(names_of(option), std::back_inserter(known));
    const std::string name = first.substr(0, first.find('='));
    const std::string near = name.starts_with("--") ? suggestion(name, known) : "";
    return std::unexpected(misuse(command, fmt::format("unknown option '{}'{}", name, near)));
  } catch (const CLI::ArgumentMismatch& error) {
    // The value that does not come is all that can be wrong here. What CLI11 says begins with the name.
    const std::string_view said = error.what();
    return std::unexpected(misuse(command, fmt::format("{} needs a value", said.substr(0, said.find(':')))));
  } catch (const CLI::ParseError& error) {
    return std::unexpected(misuse(command, error.what()));
  }
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Option& option = command.options[i];
    found.options.push_back(options[i]->results());
    if (!option.value.empty() && !option.repeated && found.options.back().size() > 1) {
      return std::unexpected(
          misuse(command, fmt::format("{} is given {} times, expected at most once", names_of(option).back(),
                                      found.options.back().size())));
    }
  }
  for (const CLI::Option* argument : positional)
    std::ranges::copy(argument->results(), std::back_inserter(found.arguments));
  return found;
}

Result<void> take_arguments(const Command& command, const std::vector<std::string>& values) {
  std::size_t next = 0;
  for (const Argument& argument : command.arguments) {
    if (next == values.size() && argument.required) {
      return std::unexpected(misuse(command, fmt::format("{} is missing", argument.name)));
    }
    do {
      if (next == values.size()) break;
      if (auto taken = argument.take(values[next]); !taken) {
        return std::unexpected(explain(std::move(taken).error(), argument.name));
      }
      ++next;
    } while (argument.repeated);
  }
  if (next < values.size()) {
    return std::unexpected(misuse(command, fmt::format("unexpected argument '{}'", printable(values[next]))));
  }
  return {};
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

Result<void> take_all(const Option& option, const std::vector<std::string>& values, std::string_view where) {
  for (const std::string& value : values) {
    if (auto taken = option.take(value); !taken)
      return std::unexpected(explain(std::move(taken).error(), where));
  }
  return {};
}

Result<void> take_setting(const Option& option, const Config& config, const Surroundings& surroundings) {
  const std::string variable = variable_of(*option.setting);
  if (const auto value = surroundings.variable(variable); value && !value->empty()) {
    if (option.repeated) return take_all(option, split_at_commas(*value), variable);
    return take_all(option, {*value}, variable);
  }
  const auto set = config.find(option.setting->name);
  return set == config.end() ? Result<void>{} : take_all(option, set->second, option.setting->name);
}

Result<Config> read_config(const CommonOptions& common, const Surroundings& surroundings) {
  std::string file = common.config_file;
  if (file.empty()) file = surroundings.variable(std::string(kConfigVariable)).value_or("");
  if (file.empty()) return Config{};
  const auto yaml = surroundings.read_file(file);
  if (!yaml) return fail(Code::kInvalid, "configuration file " + yaml.error().message);
  return parse_config(*yaml, file);
}

}  // namespace

void add_common_options(Command& command, CommonOptions& common) {
  command.setting(
      "client", "output",
      [&common](std::string_view text) -> Result<void> {
        LAMINA_ASSIGN(const std::size_t choice, parse_choice("text|json", text));
        common.output = choice == 0 ? Format::kText : Format::kJson;
        return {};
      },
      "-o");
  command.flag(
      "-q,--quiet", common.quiet,
      "Print no more than a script needs: push and find references, pack the digest, a list its entries");
  command.flag("--no-progress", common.no_progress, "Show no progress, not even on a terminal");
  command.option("--config", "FILE", common.config_file, "Configuration file (YAML) [$LAMINA_CONFIG]")
      .completes = Completes::kFiles;
}

Result<bool> parse_command_line(const Command& command, std::span<const std::string> arguments,
                                const CommonOptions& common, const Surroundings& surroundings) {
  LAMINA_ASSIGN(const Occurrences found, tokenize(command, arguments));
  if (found.help) return true;
  for (std::size_t i = 0; i < command.options.size(); ++i) {
    const Option& option = command.options[i];
    LAMINA_TRY(take_all(option, found.options[i], names_of(option).back()));
  }
  LAMINA_ASSIGN(const Config config, read_config(common, surroundings));
  for (std::size_t i = 0; i < command.options.size(); ++i) {
    const Option& option = command.options[i];
    if (found.options[i].empty() && option.setting != nullptr) {
      LAMINA_TRY(take_setting(option, config, surroundings));
    }
  }
  LAMINA_TRY(take_arguments(command, found.arguments));
  return false;
}

bool wants_json(std::span<const std::string> arguments, const Surroundings& surroundings) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") break;
    if (word == "-o" || word == "--output") return i + 1 < arguments.size() && arguments[i + 1] == "json";
    if (word.starts_with("-o") || word.starts_with("--output=")) return word.ends_with("json");
  }
  return surroundings.variable(std::string(kOutputVariable)) == "json";
}

}  // namespace lamina::cmd
