// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "oci/json.h"

namespace lamina::kube::testing {

/// Whether an object is among what a list selects. Terms `a`, `!a`, `a=b`, `a==b`, `a!=b`, joined by commas;
/// of sets (`in`, `notin`) it knows nothing. Fields are paths with dots, such as metadata.name.
bool is_selected(const oci::Json& object, std::string_view label_selector, std::string_view field_selector);

}  // namespace lamina::kube::testing
