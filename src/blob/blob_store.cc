// SPDX-License-Identifier: Apache-2.0
#include "blob/blob_store.h"

namespace lamina::blob {

Result<UploadId> UploadId::parse(std::string_view text) {
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return fail(Code::kNotFound, About::kUpload,
                "no such upload: an upload is named by 32 lower-case hex digits");
  }
  return UploadId(std::string(text));
}

}  // namespace lamina::blob
