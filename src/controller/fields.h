// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "oci/json.h"

/// Members of objects whose form the API server's schema has checked: what is absent or of another type reads
/// as empty.
namespace lamina::controller::fields {

/// Null where any step is missing.
const oci::Json* find(const oci::Json* object, std::string_view name);
std::string text(const oci::Json& object, std::string_view name);
std::string text(const oci::Json* object, std::string_view name);
std::int64_t integer(const oci::Json& object, std::string_view name);
bool boolean(const oci::Json& object, std::string_view name);
UnixTime time(const oci::Json& object, std::string_view name);
std::chrono::milliseconds duration(const oci::Json& object, std::string_view name,
                                   std::chrono::milliseconds otherwise);
const oci::Json::Array& array(const oci::Json* list);
std::map<std::string, std::string, std::less<>> texts(const oci::Json* object);

}  // namespace lamina::controller::fields
