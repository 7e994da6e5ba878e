// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lamina::http {

/// How a request breaks the protocol, and the status that says so.
struct Fault {
  unsigned status = 400;
  std::string reason;
};

}  // namespace lamina::http
