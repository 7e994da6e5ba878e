// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::cmd {

/// The base of URLs, `http://` or `https://`, a host and maybe a port and a path; returned without slashes at
/// its end, so that a path can follow.
Result<std::string> parse_base_url(std::string_view text);

struct RegistryAddress {
  std::string name;         ///< HOST[:PORT]
  std::optional<bool> tls;  ///< What the scheme says; nothing where there is none.
};

/// HOST[:PORT], which `http://`, `https://` or `oci://` may precede and a slash may follow.
Result<RegistryAddress> parse_registry(std::string_view text);

}  // namespace lamina::cmd
