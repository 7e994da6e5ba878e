// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "lamina/result.h"

namespace lamina {

/// Where bytes come from. Used by one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  /// Fills a part of `buffer`, which is not empty. Returns the bytes read, fewer than asked for at will;
  /// 0 only at the end. After an error the source is of no further use.
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
};

/// Where bytes go. Used by one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes all of `bytes`, or fails; they need not outlive the call. An error ends whatever was writing and
  /// is handed to its caller unchanged.
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

}  // namespace lamina
