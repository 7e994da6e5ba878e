// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "cmd/files.h"
#include "cmd/interrupt.h"
#include "cmd/program.h"
#include "cmd/standard_streams.h"

int main(int argc, char** argv) {
  namespace cmd = lamina::cmd;
  // A reader that went away is an error of write(2), told like any other.
  signal(SIGPIPE, SIG_IGN);
  const auto stop = [] { return cmd::caught_signal() != 0; };
  cmd::StandardInput in(stop);
  cmd::StandardOutput out(stop);
  cmd::PosixTerminal terminal(STDERR_FILENO);
  cmd::Context context{.in = in,
                       .out = out,
                       .terminal = terminal,
                       .catch_signals = cmd::catch_signals,
                       .caught_signal = cmd::caught_signal,
                       .common = {}};
  const cmd::Surroundings surroundings{.variable = [](const std::string& name) -> std::optional<std::string> {
                                         const char* value = std::getenv(name.c_str());
                                         return value == nullptr ? std::nullopt
                                                                 : std::optional<std::string>(value);
                                       },
                                       .read_file = cmd::read_small_file};
  return cmd::run_program({argv + 1, argv + argc}, context, surroundings);
}
