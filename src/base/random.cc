// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <cstdlib>

namespace lamina {

std::string SystemRandom::hex128() {
  std::array<unsigned char, 16> bytes{};
  // Up to 256 bytes come whole or not at all; there is no way on without them.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  std::string text;
  text.reserve(32);
  for (unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace lamina
