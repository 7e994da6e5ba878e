// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/context.h"
#include "cmd/program.h"

namespace lamina::cmd {

/// A process without surroundings but those that a test gives it.
class FakeProcess {
 public:
  int run(const std::vector<std::string>& arguments) {
    Context context{.in = in_,
                    .out = out_,
                    .terminal = terminal_,
                    .catch_signals = [] {},
                    .caught_signal = [this] { return signal; },
                    .common = {}};
    return run_program(arguments, context, surroundings);
  }

  std::map<std::string, std::string> variables;
  int signal = 0;
  const Surroundings surroundings{.variable = [this](const std::string& name) -> std::optional<std::string> {
                                    const auto found = variables.find(name);
                                    return found == variables.end() ? std::nullopt
                                                                    : std::optional(found->second);
                                  },
                                  .read_file = [](const std::string& path) -> Result<std::string> {
                                    return fail(Code::kNotFound, path + ": missing");
                                  }};

  const std::string& out() const { return out_.text; }
  const std::string& err() const { return terminal_.text; }

 private:
  struct NoInput final : Source {
    Result<std::size_t> read(std::span<std::byte>) override { return 0; }
  };
  struct Output final : Sink {
    Result<void> write(std::span<const std::byte> bytes) override {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    }
    std::string text;
  };
  struct Pipe final : Terminal {
    bool interactive() const override { return false; }
    std::size_t width() const override { return 80; }
    void write(std::string_view piece) override { text += piece; }
    std::string text;
  };

  NoInput in_;
  Output out_;
  Pipe terminal_;
};

}  // namespace lamina::cmd
