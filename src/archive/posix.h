// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "lamina/result.h"

namespace lamina::archive {

/// Owns a file descriptor; -1 is none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// "<action>: <text of errno>", with the code that tells the caller what to do.
std::unexpected<Error> fail_errno(int error, const std::string& action);

/// `name` in single quotes, control characters as \xNN: names come from archives of strangers and end up on
/// terminals.
std::string printable(std::string_view name);

}  // namespace lamina::archive
