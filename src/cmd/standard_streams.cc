// SPDX-License-Identifier: Apache-2.0
#include "cmd/standard_streams.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lamina::cmd {
namespace {

std::unexpected<Error> failure(std::string_view doing) {
  const int error = errno;
  const Code code = error == ENOSPC || error == EDQUOT ? Code::kNoSpace : Code::kInternal;
  return fail(code, std::string(doing) + ": " + std::generic_category().message(error));
}

}  // namespace

Result<std::size_t> StandardInput::read(std::span<std::byte> buffer) {
  for (;;) {
    if (stop_()) return fail(Code::kCancelled, "interrupted while reading standard input");
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return failure("reading standard input");
  }
}

Result<void> StandardOutput::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (stop_()) return fail(Code::kCancelled, "interrupted while writing to standard output");
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      return failure("writing to standard output");
    }
  }
  return {};
}

}  // namespace lamina::cmd
