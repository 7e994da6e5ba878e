// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "lamina/stream.h"

namespace lamina::archive {

/// Gives `text` out in pieces of at most `piece` bytes.
class StringSource final : public Source {
 public:
  explicit StringSource(std::string text, std::size_t piece = 4096) : text_(std::move(text)), piece_(piece) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t size = std::min({buffer.size(), piece_, text_.size() - at_});
    std::memcpy(buffer.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

/// Makes bytes as they are asked for; `fill` returns how many, 0 at the end.
class FunctionSource final : public Source {
 public:
  using Fill = std::function<Result<std::size_t>(std::span<std::byte>)>;
  explicit FunctionSource(Fill fill) : fill_(std::move(fill)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return fill_(buffer); }

 private:
  Fill fill_;
};

class StringSink final : public Sink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  std::string text;
};

class FunctionSink final : public Sink {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte>)>;
  explicit FunctionSink(Take take) : take_(std::move(take)) {}
  Result<void> write(std::span<const std::byte> bytes) override { return take_(bytes); }

 private:
  Take take_;
};

}  // namespace lamina::archive
