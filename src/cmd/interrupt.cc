// SPDX-License-Identifier: Apache-2.0
#include "cmd/interrupt.h"

#include <atomic>
#include <csignal>

namespace lamina::cmd {
namespace {

// A handler has no argument to find anything else by.
std::atomic<int> caught = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void remember(int signal) { caught = signal; }

}  // namespace

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int caught_signal() { return caught; }

}  // namespace lamina::cmd
