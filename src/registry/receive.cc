// SPDX-License-Identifier: Apache-2.0
#include "registry/receive.h"

#include <algorithm>
#include <vector>

namespace lamina::registry {
namespace {

/// One hand-over to the store: enough to hash and write in one go, little enough for a thousand uploads.
constexpr std::size_t kChunk = 256 * 1024;

/// Fills the buffer as far as the body goes.
http::Task<Result<std::size_t>> fill(http::Exchange& exchange, std::span<std::byte> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    LAMINA_CO_ASSIGN(const std::size_t n, co_await exchange.read(buffer.subspan(filled)));
    if (n == 0) break;
    filled += n;
  }
  co_return filled;
}

Error wrong_length(std::uint64_t stated) {
  return {Code::kMismatch, About::kSize,
          "Content-Range announced " + std::to_string(stated) + " bytes, and the body has another length"};
}

}  // namespace

http::Task<Result<std::uint64_t>> receive(Call& call, store::Upload& upload,
                                          std::optional<std::uint64_t> length) {
  const std::uint64_t expected = call.request.content_length.value_or(kChunk);
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::clamp<std::uint64_t>(expected, 1, kChunk)));
  std::uint64_t moved = 0;
  for (;;) {
    // What arrived before the client vanished is kept: it may resume there.
    std::size_t filled = 0;
    std::optional<Error> broken;
    while (filled < buffer.size()) {
      auto n = co_await call.exchange.read(std::span(buffer).subspan(filled));
      if (!n) broken = std::move(n).error();
      if (!n || *n == 0) break;
      filled += *n;
    }
    auto bytes = std::span<const std::byte>(buffer).first(filled);
    const bool too_long = length && moved + filled > *length;
    if (too_long) bytes = bytes.first(static_cast<std::size_t>(*length - moved));
    if (!bytes.empty()) {
      LAMINA_CO_TRY(co_await call.workers.run([&] { return upload.append(bytes); }));
      moved += bytes.size();
    }
    if (broken) co_return std::unexpected(*std::move(broken));
    if (too_long) co_return std::unexpected(wrong_length(*length));
    if (filled < buffer.size()) break;
  }
  if (length && moved != *length) co_return std::unexpected(wrong_length(*length));
  co_return moved;
}

http::Task<Result<std::string>> read_body(Call& call, std::size_t limit, About about) {
  const auto announced = call.request.content_length;
  const auto too_large = [&] {
    return fail(
        Code::kTooLarge, about,
        "the body is larger than the limit of " + std::to_string(limit) + " bytes; see docs/limits.md");
  };
  if (announced && *announced > limit) co_return too_large();
  std::string body;
  std::vector<std::byte> buffer(
      static_cast<std::size_t>(std::clamp<std::uint64_t>(announced.value_or(kChunk), 1, kChunk)));
  for (;;) {
    LAMINA_CO_ASSIGN(const std::size_t filled, co_await fill(call.exchange, buffer));
    if (body.size() + filled > limit) co_return too_large();
    body.append(reinterpret_cast<const char*>(buffer.data()), filled);
    if (filled < buffer.size()) co_return body;
  }
}

}  // namespace lamina::registry
