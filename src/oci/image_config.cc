// SPDX-License-Identifier: Apache-2.0
#include "oci/image_config.h"

#include "oci/json_writer.h"

namespace lamina::oci {

std::string go_image_config(const std::optional<Digest>& diff_id, std::string_view created) {
  JsonWriter out;
  out.begin_object().name("architecture").string("").name("created").string(created);
  if (diff_id) out.name("history").raw(R"([{"created":"0001-01-01T00:00:00Z"}])");
  out.name("os").string("").name("rootfs").begin_object().name("type").string("layers").name("diff_ids");
  if (diff_id) {
    out.begin_array().string(diff_id->to_string()).end_array();
  } else {
    out.raw("null");
  }
  return out.end_object().name("config").raw("{}").end_object().take();
}

}  // namespace lamina::oci
