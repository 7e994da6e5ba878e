// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cmd/terminal.h"
#include "lamina/stream.h"

namespace lamina::cmd {

enum class Format : std::uint8_t { kText, kJson };

/// Options that every command has.
struct CommonOptions {
  std::string config_file;
  Format output = Format::kText;
  bool quiet = false;
  bool no_progress = false;
};

/// The process as a command sees it.
struct Context {
  Source& in;
  Sink& out;
  Terminal& terminal;  ///< Standard error.
  /// From now on SIGINT and SIGTERM are caught the first time. For commands that transfer or write.
  std::function<void()> catch_signals;
  /// The signal that was caught; 0: none.
  std::function<int()> caught_signal;
  CommonOptions common;
};

}  // namespace lamina::cmd
