// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lamina/result.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "store/holds.h"

// Holds as docs/api/holds.md writes them.
namespace lamina::registry {

/// The body of a POST. kInvalid for a member that is unknown, missing or of the wrong type.
Result<store::HoldsUpdate> parse_holds_update(std::string_view body);

/// What an operator names: `{"from": ..., "to": ...}` and `{"cluster": ..., "group": ..., "kind": ...}`.
struct Adoption {
  std::string from, to;
};
Result<Adoption> parse_adoption(std::string_view body);
Result<store::HolderFilter> parse_release(std::string_view body);

/// `{"cluster", "group", "kind", "namespace", "name"[, "uid"]}`, such as the owner of a published manifest.
Result<store::OwnerRecord> parse_owner(const oci::Json& value);

/// The members of a holder, inside an object.
void write_holder(oci::JsonWriter& json, const store::Holder& holder, std::string_view uid);
void write_held(oci::JsonWriter& json, const store::HeldManifest& held);

}  // namespace lamina::registry
