// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/exchange.h"

namespace lamina::http {

enum class Io : std::uint8_t {
  kOk,
  kEnd,        ///< The peer has ended what it sends; only from reading.
  kCancelled,  ///< cancel() was called.
  kBroken,     ///< The connection is gone.
};

struct Moved {
  Io io = Io::kOk;
  std::size_t bytes = 0;
};

/// Bytes in both directions: TCP, or TLS on top of it. Used on one thread; one read and one write at a time.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Waits for the peer to send something or to go, with no buffer held meanwhile.
  virtual Task<Io> readable() = 0;
  virtual Task<Moved> read_some(std::span<std::byte> buffer) = 0;
  /// Sends from `first`, then `second`, in one call to the system; perhaps not all.
  virtual Task<Moved> write_some(std::span<const std::byte> first, std::span<const std::byte> second) = 0;

  /// Ends what is under way with kCancelled.
  virtual void cancel() = 0;
  /// Tells the peer that no more will be sent.
  virtual void finish() = 0;
  /// Closes so that the peer sees a broken connection, not an end.
  virtual void reset() = 0;
};

}  // namespace lamina::http
