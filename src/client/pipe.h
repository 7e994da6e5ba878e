// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "lamina/stream.h"

namespace lamina::client {

/// Joins code that writes with code that reads: a ring of 256 KiB between two threads. Ends must be closed:
/// the writer by finish(), the reader by abandon() where it does not read to the end.
class Pipe final : public Sink, public Source {
 public:
  /// Waits while the ring is full. kCancelled after abandon().
  Result<void> write(std::span<const std::byte> bytes) override;
  /// The end, or the error that read() returns behind what was written.
  void finish(Result<void> outcome);
  /// Waits while the ring is empty.
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  void abandon();

 private:
  static constexpr std::size_t kCapacity = 256 * 1024;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<std::byte> ring_ = std::vector<std::byte>(kCapacity);
  std::size_t first_ = 0;
  std::size_t used_ = 0;
  std::optional<Result<void>> outcome_;
  bool abandoned_ = false;
};

}  // namespace lamina::client
