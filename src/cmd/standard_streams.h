// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "lamina/stream.h"

namespace lamina::cmd {

/// Standard input. kCancelled where `stop` says so after an interrupted read.
class StandardInput final : public Source {
 public:
  explicit StandardInput(std::function<bool()> stop) : stop_(std::move(stop)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;

 private:
  std::function<bool()> stop_;
};

/// Standard output, unbuffered. kNoSpace for a full disk, kCancelled where `stop` says so.
class StandardOutput final : public Sink {
 public:
  explicit StandardOutput(std::function<bool()> stop) : stop_(std::move(stop)) {}
  Result<void> write(std::span<const std::byte> bytes) override;

 private:
  std::function<bool()> stop_;
};

}  // namespace lamina::cmd
