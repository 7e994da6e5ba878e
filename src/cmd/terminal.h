// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lamina::cmd {

/// Where messages and progress are shown.
class Terminal {
 public:
  virtual ~Terminal() = default;
  /// False where output goes to a file or a pipe, or the terminal cannot move its cursor.
  virtual bool interactive() const = 0;
  /// Columns at this moment.
  virtual std::size_t width() const = 0;
  /// As it is. Nothing can be done about an error, so none is told.
  virtual void write(std::string_view text) = 0;
};

/// A file descriptor, which stays open.
class PosixTerminal final : public Terminal {
 public:
  explicit PosixTerminal(int descriptor);
  bool interactive() const override { return interactive_; }
  std::size_t width() const override;
  void write(std::string_view text) override;

 private:
  int descriptor_;
  bool interactive_;
};

/// `text` in one line and without control characters, which could move the cursor or recolour the terminal.
/// What comes from a registry, an archive or a file name goes through it.
std::string printable(std::string_view text);

}  // namespace lamina::cmd
