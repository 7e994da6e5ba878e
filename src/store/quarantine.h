// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lamina/digest.h"
#include "store/context.h"

namespace lamina::store {

/// The detail of every error that is due to a quarantine.
inline constexpr std::string_view kQuarantined = "quarantined";

/// Marks a blob whose stored bytes, named `id`, do not match their checksum, so that it is not served until
/// it is pushed again; leaves it be where it has other bytes by now. Returns the kCorrupt error to answer
/// with; `what` names the part that was found damaged.
Error quarantine(Context& context, const Digest& digest, const blob::BlobId& id, std::string_view what);

}  // namespace lamina::store
