// SPDX-License-Identifier: Apache-2.0
#include "cmd/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/commands.h"
#include "cmd/exit_status.h"
#include "cmd/help.h"
#include "cmd/report.h"
#include "cmd/suggestion.h"

namespace lamina::cmd {
namespace {

/// From a shell's convention: 128 and the signal's number.
constexpr int kSignalStatus = 128;

class Program {
 public:
  Program(Context& context, const Surroundings& surroundings)
      : context_(context), surroundings_(surroundings) {
    add_commands(commands_, context.common);
  }

  Result<void> run(std::span<const std::string> arguments) {
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h")
      return print(program_help(commands_));
    std::string_view name = arguments[0];
    if (name == "--version") name = "version";
    if (name == "help") {
      if (arguments.size() == 1) return print(program_help(commands_));
      LAMINA_ASSIGN(const Command* command, find(arguments[1]));
      return print(command_help(*command));
    }
    LAMINA_ASSIGN(const Command* command, find(name));
    LAMINA_ASSIGN(const bool help,
                  parse_command_line(*command, arguments.subspan(1), context_.common, surroundings_));
    if (help) return print(command_help(*command));
    LAMINA_ASSIGN(const Report report, command->run(context_));
    return tell(report);
  }

 private:
  Result<const Command*> find(std::string_view name) const {
    const auto found = std::ranges::find(commands_, name, &Command::name);
    if (found != commands_.end()) return &*found;
    std::vector<std::string_view> names;
    names.reserve(commands_.size());
    for (const Command& command : commands_) names.push_back(command.name);
    return fail(Code::kInvalid, fmt::format("there is no command '{}'{}; see `lamina --help`", name,
                                            suggestion(name, names)));
  }

  Result<void> print(std::string_view text) { return context_.out.write(std::as_bytes(std::span(text))); }

  Result<void> tell(const Report& report) {
    if (!report.warning.empty())
      context_.terminal.write(fmt::format("lamina: warning: {}\n", printable(report.warning)));
    const bool json = context_.common.output == Format::kJson;
    std::string text = context_.common.quiet && report.brief ? *report.brief : report.text;
    if (json) text = report.json.empty() ? "" : report.json + '\n';
    if (!report.content_on_stdout) return print(text);
    context_.terminal.write(text);
    return {};
  }

  Context& context_;
  const Surroundings& surroundings_;
  std::vector<Command> commands_;
};

void tell(const Error& error, bool as_json, Terminal& terminal) {
  if (!as_json) {
    terminal.write(fmt::format("lamina: {}\n", printable(error.message)));
    return;
  }
  auto json = json_writer();
  json.begin_object();
  json.name("code").string(code_name(error.code));
  json.name("message").string(error.message);
  terminal.write(json.end_object().take() + '\n');
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, Context& context,
                const Surroundings& surroundings) {
  Program program(context, surroundings);
  auto done = program.run(arguments);
  if (done) return 0;
  // Whatever failed then, failed because of the signal.
  const int signal = context.caught_signal();
  if (signal != 0) done = fail(Code::kCancelled, "interrupted");
  tell(done.error(), context.common.output == Format::kJson || wants_json(arguments, surroundings),
       context.terminal);
  return signal != 0 ? kSignalStatus + signal : exit_status(done.error().code);
}

}  // namespace lamina::cmd
