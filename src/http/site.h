// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/date.h"
#include "http/fault.h"
#include "http/server.h"
#include "http/wire.h"

namespace lamina::http {

/// What the connections of one thread share. Used on that thread; outlives them.
struct Site {
  const ServerOptions& options;
  const Handler& handler;
  DateCache date;
  bool draining = false;  ///< The server is stopping: no request after the one in progress.
};

/// Answers a request that breaks the protocol; the connection cannot go on after it.
Task<void> answer_fault(Wire& wire, Site& site, const Fault& fault);

}  // namespace lamina::http
