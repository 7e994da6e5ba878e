// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/result.h"

namespace lamina::http {

/// Request targets and URLs: RFC 3986 and RFC 9112, section 3.2. All functions are pure.

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

struct Target {
  std::string path;  ///< Decoded once; begins with '/', or is "*".
  QueryPairs query;  ///< Decoded, in order.
};

/// The target of a request line: origin form, absolute form, or "*". kInvalid for everything that two
/// programs could read differently: bad percent-encoding, an encoded '/', NUL, segments "." and "..", raw
/// or encoded, bytes that a URL may not hold, and fragments.
Result<Target> parse_target(std::string_view target);

/// kInvalid where a '%' is not followed by two hexadecimal digits. '+' stays '+'.
Result<std::string> percent_decode(std::string_view text);

/// `a=1&b=2`, decoded. A name without '=' has an empty value; empty pairs are left out. kInvalid for bad
/// percent-encoding and for NUL.
Result<QueryPairs> decode_query(std::string_view query);

/// Encodes all but unreserved characters and those of `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});
/// A path for a Location or Link header: segments are encoded, '/' stays.
std::string encode_path(std::string_view path);
/// The inverse of decode_query().
std::string encode_query(const QueryPairs& pairs);

}  // namespace lamina::http
