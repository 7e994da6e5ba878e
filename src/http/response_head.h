// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace lamina::http {

/// What the connection adds to a handler's head.
struct ResponseFrame {
  std::optional<std::uint64_t> content_length;  ///< Absent for answers that have no body by definition.
  std::string_view connection;                  ///< The value of Connection; left out where empty.
  std::string_view date;
};

/// Whether an answer of this status has a body (RFC 9110, section 6.4.1).
bool has_body(unsigned status);

/// The bytes of the head. Fields of `response` that are the connection's business are left out. Nothing
/// where the status is not 200 to 599, or a field would break the head apart: a handler's fault.
std::optional<std::string> serialise_head(const Response& response, const ResponseFrame& frame);

}  // namespace lamina::http
