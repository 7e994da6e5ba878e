// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lamina/result.h"

namespace lamina::client {

/// The protocol of docker-credential-helpers: `<program> get`, server URL in, JSON out. `program` is searched
/// in PATH. Nothing where the helper says that it has no credentials; kUnauthorized for any other failure of
/// it.
Result<std::optional<std::string>> run_credential_helper(const std::string& program,
                                                         const std::string& server);

}  // namespace lamina::client
