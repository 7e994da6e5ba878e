// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lamina/result.h"
#include "store/context.h"

namespace lamina::store {

/// A record or a file that differs from what the other records say of it.
struct Finding {
  enum class Weight : std::uint8_t {
    kLeftover,  ///< Takes space, or is listed without content: what a crash may leave.
    kDamage,    ///< Content is missing, or may be removed although it is needed.
  };
  Weight weight = Weight::kDamage;
  std::string what;  ///< Names the record; for people.
};

/// Recomputes from manifests, tags, links and blobs what every other record has to be, and compares. Reads
/// all records and the names of all files, not the bytes of blobs. Needs about 100 bytes of memory a blob.
/// While others write, what they are at is reported too. Of a store at rest after Uploads::recover(): empty,
/// or it has a fault.
Result<std::vector<Finding>> audit(Context& context);

}  // namespace lamina::store
