// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/result.h"
#include "oci/json.h"

/// Changes of JSON values, which are read-only: each returns the value as it is after the change.
namespace lamina::kube::testing {

using JsonPath = std::vector<std::string>;

/// The text of the member at `path`; empty where there is none or it is no string.
std::string text_at(const oci::Json& json, const JsonPath& path);
/// Null where there is none.
const oci::Json* find_at(const oci::Json& json, const JsonPath& path);
/// Objects on the way are made where they are missing.
oci::Json with(const oci::Json& json, const JsonPath& path, oci::Json value);
/// Objects that are left empty on the way go too, but for the outermost.
oci::Json without(const oci::Json& json, const JsonPath& path);

oci::Json json_text(std::string text);
oci::Json json_number(std::int64_t number);

/// The order of members does not matter.
bool equal(const oci::Json& a, const oci::Json& b);
/// RFC 7396.
oci::Json merge_patch(const oci::Json& json, const oci::Json& patch);
/// RFC 6902: add, remove, replace, test. kInvalid where an operation cannot be done.
Result<oci::Json> json_patch(const oci::Json& json, const oci::Json& patch);
/// The values that are no objects, by path; empty objects too.
std::map<JsonPath, oci::Json> leaves_of(const oci::Json& json);

}  // namespace lamina::kube::testing
