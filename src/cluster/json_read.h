// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "oci/json.h"

namespace lamina::cluster {

// Looks into the JSON of objects. What is absent, null or of another type counts as not there.

/// The value at `path`, member names with dots between. Null where there is none.
const oci::Json* find_at(const oci::Json& json, std::string_view path);
/// Empty where there is no string.
std::string text_at(const oci::Json& json, std::string_view path);
std::optional<std::int64_t> integer_at(const oci::Json& json, std::string_view path);
/// The members that are strings.
std::map<std::string, std::string> map_at(const oci::Json& json, std::string_view path);

/// Whether `whole` has everything that `part` has: each member of objects and each element of arrays,
/// wherever it stands, and the same strings, numbers and booleans.
bool contains(const oci::Json& whole, const oci::Json& part);

}  // namespace lamina::cluster
