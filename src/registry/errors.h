// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "http/exchange.h"
#include "lamina/result.h"

namespace lamina::registry {

/// The one table from error values to HTTP: status and OCI error id (distribution-spec v1.1.1 "Error Codes").
struct ErrorAnswer {
  unsigned status;
  std::string_view id;
};
ErrorAnswer answer_for(Code code, About about);

/// An answer with an OCI error document. Messages of kInternal errors go to the log, not to the client.
http::Response error_response(const Error& error);
/// The same for what the HTTP layer refuses by itself.
http::Response protocol_error(unsigned status, std::string_view reason);

}  // namespace lamina::registry
