// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lamina/client.h"
#include "oci/json_writer.h"

namespace lamina::client {

/// As the owner of a publish; the operations are those of Client.
void write_holder(oci::JsonWriter& json, const Holder& holder);

}  // namespace lamina::client
