// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace lamina::cmd {

/// SIGTERM and SIGINT, taken by one thread instead of by handlers. Made before any other thread, so that all
/// inherit the mask.
class StopSignals {
 public:
  StopSignals();
  /// Calls `stop` at the first signal; ends the process at the second.
  void watch(std::function<void()> stop);
  /// Ends the watch; not needed where the process ends anyway.
  void end();

 private:
  int next() const;

  sigset_t signals_{};
  std::thread thread_;
};

/// The log of a server: lines on standard error. Standard output is for what others wait for.
void log_to_standard_error();

}  // namespace lamina::cmd
