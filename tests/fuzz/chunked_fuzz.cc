// SPDX-License-Identifier: Apache-2.0
// Chunked bodies from anybody: the decoded bytes do not depend on how the coded ones arrive.
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fuzz.h"
#include "http/chunked.h"

namespace lamina::http {
namespace {

struct Decoded {
  std::vector<std::byte> body;
  std::size_t consumed = 0;
  bool done = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

/// Nothing where the coding is broken.
std::optional<Decoded> decode(std::span<const std::byte> coded, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded decoded;
  std::array<std::byte, 512> out{};
  while (!decoder.done() && decoded.consumed < coded.size()) {
    const std::size_t left = coded.size() - decoded.consumed;
    const auto step = decoder.decode(coded.subspan(decoded.consumed, piece < left ? piece : left), out);
    if (!step) return std::nullopt;
    fuzz::require(step->consumed + step->produced > 0, "each step moves on");
    decoded.consumed += step->consumed;
    decoded.body.insert(decoded.body.end(), out.begin(),
                        out.begin() + static_cast<std::ptrdiff_t>(step->produced));
  }
  decoded.done = decoder.done();
  return decoded;
}

}  // namespace
}  // namespace lamina::http

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina::http;
  const auto coded = std::as_bytes(std::span(data, size));
  const auto whole = decode(coded, size);
  lamina::fuzz::require(whole == decode(coded, 1), "one byte at a time decodes to the same");
  lamina::fuzz::require(!whole || whole->body.size() <= size, "the coding only adds bytes");
  return 0;
}
