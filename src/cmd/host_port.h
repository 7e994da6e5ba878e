// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::cmd {

struct HostPort {
  std::string host;  ///< Without brackets.
  std::uint16_t port = 0;
};

/// `HOST:PORT`, `[IPv6]:PORT`.
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace lamina::cmd
