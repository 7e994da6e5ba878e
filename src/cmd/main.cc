// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "cmd/files.h"
#include "cmd/interrupt.h"
#include "cmd/program.h"
#include "cmd/standard_streams.h"

int main(int argc, char** argv) {
  using namespace lamina::cmd;
  // A reader that went away is an error of write(2), told like any other.
  signal(SIGPIPE, SIG_IGN);
  const auto stop = [] { return caught_signal() != 0; };
  StandardInput in(stop);
  StandardOutput out(stop);
  PosixTerminal terminal(STDERR_FILENO);
  Context context{.in = in,
                  .out = out,
                  .terminal = terminal,
                  .catch_signals = catch_signals,
                  .caught_signal = caught_signal,
                  .common = {}};
  const Surroundings surroundings{.variable = [](const std::string& name) -> std::optional<std::string> {
                                    const char* value = std::getenv(name.c_str());
                                    return value == nullptr ? std::nullopt
                                                            : std::optional<std::string>(value);
                                  },
                                  .read_file = read_small_file};
  return run_program({argv + 1, argv + argc}, context, surroundings);
}
