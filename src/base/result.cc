// SPDX-License-Identifier: Apache-2.0
#include "lamina/result.h"

namespace lamina {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kNotFound: return "not found";
    case Code::kConflict: return "conflict";
    case Code::kPrecondition: return "precondition failed";
    case Code::kUnauthorized: return "unauthorized";
    case Code::kDenied: return "denied";
    case Code::kTooLarge: return "too large";
    case Code::kOutOfRange: return "out of range";
    case Code::kUnsupported: return "unsupported";
    case Code::kMismatch: return "mismatch";
    case Code::kCorrupt: return "corrupt";
    case Code::kNoSpace: return "no space";
    case Code::kUnavailable: return "unavailable";
    case Code::kCancelled: return "cancelled";
    case Code::kInternal: return "internal";
  }
  return "internal";
}

}  // namespace lamina
