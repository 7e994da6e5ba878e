// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lamina::cmd {

/// Catches SIGINT and SIGTERM, each once: what runs shall stop and clean up. The second one ends the process.
/// Interrupted system calls fail with EINTR.
void catch_signals();

/// The signal that was caught; 0: none.
int caught_signal();

}  // namespace lamina::cmd
