// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "http/transport.h"
#include "lamina/result.h"

namespace lamina::kube {

/// What an answer that is no success means, as api.h promises; its body is a metav1.Status, or whatever a
/// proxy on the way says. `what` was to be done.
Error error_of(const http::HttpResponse& response, std::string_view what);

/// The delay that the server asks for: the field Retry-After, else the Status's retryAfterSeconds.
std::optional<std::chrono::seconds> retry_after(const Error& error);

}  // namespace lamina::kube
