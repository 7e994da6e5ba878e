// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lamina/result.h"
#include "oci/json.h"

/// Server-side apply without schemas: an array is one field. Fields that came otherwise have no owner.
namespace lamina::kube::testing {

/// What a manager applied last to an object or to one of its subresources.
struct Applied {
  std::string manager;
  std::string subresource;
  oci::Json fields;
};

/// The fields of an applied object that its manager comes to own: all but what names the object.
oci::Json own_fields(oci::Json json);

struct Merged {
  oci::Json json;
  std::vector<Applied> applied;
};
/// `now` after `mine`, given what was applied before, also by its manager. kConflict where another manager
/// owns a field that would change, unless `force` takes it from him.
Result<Merged> merge_applied(const oci::Json& now, std::vector<Applied> applied, const Applied& mine,
                             bool force);

}  // namespace lamina::kube::testing
