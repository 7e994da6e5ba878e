// SPDX-License-Identifier: Apache-2.0
#include "cmd/host_port.h"

#include <charconv>

namespace lamina::cmd {

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || host.empty() ||
      (!bracketed && host.contains(':'))) {
    return fail(Code::kInvalid,
                "expected HOST:PORT, such as 127.0.0.1:5000 or [::]:5000, found '" + std::string(text) + "'");
  }
  return HostPort{.host = std::string(host), .port = port};
}

}  // namespace lamina::cmd
