// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/choice.h"
#include "cmd/setting.h"
#include "lamina/result.h"

namespace lamina::cmd {

struct Context;

/// What a command has to say when it succeeded.
struct Report {
  std::string text;  ///< For people: whole lines, or nothing.
  std::string json;  ///< The same for programs: one JSON value, or nothing.
  /// What --quiet leaves of the text; absent: all of it.
  std::optional<std::string> brief;
  std::string warning;             ///< One line without its end, for standard error in every form of output.
  bool content_on_stdout = false;  ///< Standard output holds what was pulled or packed: report elsewhere.
};

/// What a shell completes a value with.
enum class Completes : std::uint8_t { kNothing, kFiles, kDirectories };

/// Takes one occurrence; kInvalid says what was expected.
using Take = std::function<Result<void>(std::string_view)>;

struct Option {
  std::string names;  ///< `-i,--identity`
  std::string value;  ///< Placeholder; empty: a flag. With `|` in it: the choices.
  std::string help;
  Take take;
  bool repeated = false;
  Completes completes = Completes::kNothing;
  const Setting* setting = nullptr;  ///< Where else its value may come from.
};

struct Argument {
  std::string name;
  std::string choices = {};  ///< With `|` between; empty: anything.
  std::string help;
  Take take;
  bool required = true;
  bool repeated = false;
  Completes completes = Completes::kNothing;
};

/// `lamina <name>`: what it takes, how it is explained, what it does. Parsing, help and completion are made
/// from it.
struct Command {
  std::string name;
  std::string summary;                                        ///< A few words for lists of commands.
  std::string description;                                    ///< What a user must know, as paragraphs.
  std::vector<std::pair<std::string, std::string>> examples;  ///< What for, and the command.
  std::vector<Argument> arguments;
  std::vector<Option> options;
  std::function<Result<Report>(Context&)> run;

  // The targets outlive the command's last use; `run` usually holds them. What is returned is good until the
  // next call.

  Option& flag(std::string_view names, bool& target, std::string_view help) {
    return add(names, "", into(target), help);
  }
  /// `target` is a T or std::optional<T>; `parse` makes Result<T> of a text.
  template <class Target, class Parse>
  Option& option(std::string_view names, std::string_view value, Target& target, Parse parse,
                 std::string_view help) {
    return add(names, value, into(target, std::move(parse)), help);
  }
  Option& option(std::string_view names, std::string_view value, std::string& target, std::string_view help) {
    return option(names, value, target, as_text, help);
  }
  /// May come several times; `target` is a vector.
  template <class Target, class Parse>
  Option& list(std::string_view names, std::string_view value, Target& target, Parse parse,
               std::string_view help) {
    Option& added = add(names, value, append_to(target, std::move(parse)), help);
    added.repeated = true;
    return added;
  }
  Option& list(std::string_view names, std::string_view value, std::vector<std::string>& target,
               std::string_view help) {
    return list(names, value, target, as_text, help);
  }
  /// The option of a setting, which must be one of setting.h; `short_name` such as `-o`, or empty.
  Option& setting(std::string_view section, std::string_view name, Take take,
                  std::string_view short_name = {});

  template <class Target, class Parse>
  Argument& argument(std::string_view argument_name, Target& target, Parse parse, std::string_view help) {
    return arguments.emplace_back(Argument{.name = std::string(argument_name),
                                           .help = std::string(help),
                                           .take = into(target, std::move(parse))});
  }
  Argument& argument(std::string_view argument_name, std::string& target, std::string_view help) {
    return argument(argument_name, target, as_text, help);
  }

  template <class Target, class Parse>
  static Take into(Target& target, Parse parse) {
    return [&target, parse = std::move(parse)](std::string_view text) -> Result<void> {
      LAMINA_ASSIGN(target, parse(text));
      return {};
    };
  }
  static Take into(std::string& target) { return into(target, as_text); }
  static Take into(bool& target);
  template <class Target, class Parse>
  static Take append_to(Target& target, Parse parse) {
    return [&target, parse = std::move(parse)](std::string_view text) -> Result<void> {
      LAMINA_ASSIGN(auto value, parse(text));
      target.push_back(std::move(value));
      return {};
    };
  }
  static Take append_to(std::vector<std::string>& target) { return append_to(target, as_text); }
  static Result<std::string> as_text(std::string_view text) { return std::string(text); }

 private:
  Option& add(std::string_view names, std::string_view value, Take take, std::string_view help) {
    return options.emplace_back(Option{.names = std::string(names),
                                       .value = std::string(value),
                                       .help = std::string(help),
                                       .take = std::move(take)});
  }
};

/// The names of an option one by one, short ones first: `-i`, `--identity`.
std::vector<std::string_view> names_of(const Option& option);
/// Without dashes, the longest.
std::string_view long_name_of(const Option& option);

}  // namespace lamina::cmd
