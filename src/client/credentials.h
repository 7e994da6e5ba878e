// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lamina/client.h"
#include "lamina/result.h"

namespace lamina::client {

/// Runs `<program> get` with `server` on its standard input; its standard output, or nothing where it says
/// that it has no credentials.
using HelperRunner =
    std::function<Result<std::optional<std::string>>(const std::string& program, const std::string& server)>;

/// The part of docker_credentials() that does no I/O: `json` is the text of config.json.
Result<std::optional<Credentials>> credentials_from_config(std::string_view json, std::string_view registry,
                                                           std::string_view repository,
                                                           const HelperRunner& run);

}  // namespace lamina::client
