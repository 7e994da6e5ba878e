// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace lamina::http {

/// An answer as it came over the wire.
struct RawAnswer {
  unsigned status = 0;
  std::string version;  ///< "HTTP/1.1"
  Headers headers;
  std::string body;  ///< read_head() leaves it empty.

  /// The first value of a field, or "".
  std::string field(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
};

/// A blocking client that sends exactly the bytes it is told to, right or wrong. It fails the running test
/// when it cannot connect, or hears nothing for a minute.
class RawClient {
 public:
  /// To 127.0.0.1. `receive_buffer`: of the system, in bytes; 0 for its default.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  /// False where the server has closed the connection before all was sent.
  bool send(std::string_view bytes);
  /// Skips `100 Continue` unless asked to return it. Nothing where the connection ends first.
  std::optional<RawAnswer> read_head(bool interim = false);
  /// Up to `bytes`; fewer only where the connection ends.
  std::string read(std::size_t bytes);
  /// Head and body. Nothing where the connection ends before the announced length.
  std::optional<RawAnswer> read_answer(bool to_head = false);
  std::optional<RawAnswer> ask(std::string_view request) {
    return send(request) ? read_answer() : std::nullopt;
  }

  enum class End : std::uint8_t { kClean, kReset };
  /// Reads and drops whatever comes until the server ends the connection, and says how it did.
  End wait_for_end();

  /// Ends sending; can still read.
  void half_close();
  void close();
  /// Goes away without a farewell: the server sees a reset.
  void vanish();

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
  bool reset_ = false;
};

}  // namespace lamina::http
