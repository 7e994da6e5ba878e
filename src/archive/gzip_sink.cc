// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "archive/buffer.h"
#include "lamina/archive.h"

namespace lamina {
namespace {

constexpr int kLevel = 6;
constexpr int kWindowBits = 15 + 16;  // 32 KiB, and a gzip header in place of zlib's.
constexpr int kMemoryLevel = 8;
constexpr int kUnknownSystem = 255;

}  // namespace

struct GzipSink::State {
  explicit State(Sink& sink) : output(sink) {}

  Sink& output;
  z_stream stream{};
  gz_header header{};
  bool ready = false;
  // zlib's choice of matches depends, in rare cases, on how its input is cut. It always gets full buffers.
  std::array<std::byte, archive::kBufferSize> input;
  std::size_t filled = 0;
  std::array<std::byte, archive::kBufferSize> compressed;

  Result<void> deflate_input(int flush) {
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(std::exchange(filled, 0));
    do {
      stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
      stream.avail_out = static_cast<uInt>(compressed.size());
      deflate(&stream, flush);  // Cannot fail: the state is sound, and there is room.
      const std::size_t size = compressed.size() - stream.avail_out;
      if (size > 0) LAMINA_TRY(output.write(std::span(compressed).first(size)));
    } while (stream.avail_out == 0);
    return {};
  }
};

GzipSink::GzipSink(Sink& output) : state_(std::make_unique<State>(output)) {
  State& state = *state_;
  state.ready =
      deflateInit2(&state.stream, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  state.header.os = kUnknownSystem;
  if (state.ready) deflateSetHeader(&state.stream, &state.header);
}

GzipSink::~GzipSink() { deflateEnd(&state_->stream); }

Result<void> GzipSink::write(std::span<const std::byte> bytes) {
  State& state = *state_;
  if (!state.ready) return fail(Code::kInternal, "no memory for the compressor");
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), state.input.size() - state.filled);
    std::memcpy(state.input.data() + state.filled, bytes.data(), size);
    state.filled += size;
    bytes = bytes.subspan(size);
    if (state.filled == state.input.size()) LAMINA_TRY(state.deflate_input(Z_NO_FLUSH));
  }
  return {};
}

Result<void> GzipSink::finish() {
  if (!state_->ready) return fail(Code::kInternal, "no memory for the compressor");
  return state_->deflate_input(Z_FINISH);
}

Result<std::uint64_t> copy_stream(Source& source, Sink& sink) {
  const auto buffer = std::make_unique<std::array<std::byte, archive::kBufferSize>>();
  std::uint64_t moved = 0;
  while (true) {
    LAMINA_ASSIGN(const std::size_t size, source.read(*buffer));
    if (size == 0) return moved;
    LAMINA_TRY(sink.write(std::span(*buffer).first(size)));
    moved += size;
  }
}

}  // namespace lamina
