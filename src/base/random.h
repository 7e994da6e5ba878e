// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lamina {

/// The source of identifiers; passed in. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  /// 128 unguessable bits as 32 lower-case hex digits.
  virtual std::string hex128() = 0;
};

/// getrandom(2).
class SystemRandom final : public Random {
 public:
  std::string hex128() override;
};

}  // namespace lamina
