// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/transport.h"
#include "lamina/result.h"

namespace lamina::client {

/// `scheme://host[:port]`, lower case, the port always written. kInvalid for anything but http and https.
Result<std::string> origin_of(std::string_view url);
/// True for 127.0.0.0/8, ::1, localhost and names below it; `registry` is host[:port].
bool is_loopback(std::string_view registry);

/// RFC 3986 section 5: what `reference` means in a document at `base`.
Result<std::string> resolve_url(std::string_view base, std::string_view reference);
/// Appends `name=value` to the query of `url`, which it may have already; the value is encoded.
void add_query(std::string& url, std::string_view name, std::string_view value);
/// Everything but unreserved characters as %XX; `keep` stays as well.
std::string percent_encode(std::string_view text, std::string_view keep = {});

/// The target of the first `Link` with rel=next (RFC 8288), or nothing.
std::optional<std::string> next_link(const Headers& headers);

}  // namespace lamina::client
