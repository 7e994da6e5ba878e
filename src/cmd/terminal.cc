// SPDX-License-Identifier: Apache-2.0
#include "cmd/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace lamina::cmd {

PosixTerminal::PosixTerminal(int descriptor) : descriptor_(descriptor) {
  const char* type = std::getenv("TERM");
  interactive_ = isatty(descriptor) == 1 && type != nullptr && std::string_view(type) != "dumb";
}

std::size_t PosixTerminal::width() const {
  constexpr std::size_t kUnknown = 80;
  winsize size{};
  if (ioctl(descriptor_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUnknown;
  return size.ws_col;
}

void PosixTerminal::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor_, text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are c2 80 to c2 9f in UTF-8; terminals obey some of them.
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    clean += byte < 0x20 || byte == 0x7f || c1 ? '?' : text[i];
  }
  return clean;
}

}  // namespace lamina::cmd
