// SPDX-License-Identifier: Apache-2.0
#include "archive/posix.h"

#include <cerrno>
#include <system_error>

namespace lamina::archive {
namespace {

Code code_of(int error) {
  switch (error) {
    case ENOENT: return Code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS: return Code::kDenied;
    case ENOSPC:
    case EDQUOT: return Code::kNoSpace;
    case ENAMETOOLONG:
    case ENOTDIR: return Code::kInvalid;
    default: return Code::kInternal;
  }
}

}  // namespace

std::unexpected<Error> fail_errno(int error, const std::string& action) {
  return fail(code_of(error), action + ": " + std::generic_category().message(error));
}

std::string printable(std::string_view name) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = "'";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      text.push_back(c);
    }
  }
  return text.append("'");
}

}  // namespace lamina::archive
