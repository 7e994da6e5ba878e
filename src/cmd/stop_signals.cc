// SPDX-License-Identifier: Apache-2.0
#include "cmd/stop_signals.h"

#include <pthread.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <utility>

namespace lamina::cmd {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void StopSignals::watch(std::function<void()> stop) {
  thread_ = std::thread([this, stop = std::move(stop)] {
    if (next() == SIGUSR1) return;
    spdlog::info("stopping: work in progress finishes; a second signal ends at once");
    stop();
    if (next() != SIGUSR1) std::_Exit(1);
  });
}

void StopSignals::end() {
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

int StopSignals::next() const {
  int signal = 0;
  sigwait(&signals_, &signal);
  return signal;
}

void log_to_standard_error() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
}

}  // namespace lamina::cmd
