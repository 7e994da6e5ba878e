// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "archive/buffer.h"
#include "lamina/archive.h"

namespace lamina {
namespace {

constexpr int kGzipOnly = 15 + 16;
constexpr int kMaxZstdWindowLog = 23;  // 8 MiB

constexpr std::array kGzipMagic = {std::byte{0x1f}, std::byte{0x8b}};
constexpr std::array kZstdMagic = {std::byte{0x28}, std::byte{0xb5}, std::byte{0x2f}, std::byte{0xfd}};

bool starts_with(std::span<const std::byte> bytes, std::span<const std::byte> start) {
  return bytes.size() >= start.size() && std::ranges::equal(bytes.first(start.size()), start);
}

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::kNone: return "none";
    case Compression::kGzip: return "gzip";
    case Compression::kZstd: return "zstd";
  }
  return "unknown";
}

Compression detect_compression(std::span<const std::byte> start) {
  if (starts_with(start, kGzipMagic)) return Compression::kGzip;
  if (starts_with(start, kZstdMagic)) return Compression::kZstd;
  return Compression::kNone;
}

struct DecompressingSource::State {
  State(Source& source, const DecompressLimits& bounds) : input(source), limits(bounds) {}
  ~State() {
    if (compression == Compression::kGzip) inflateEnd(&gzip);
  }

  Source& input;
  const DecompressLimits limits;
  std::optional<Compression> compression;
  z_stream gzip{};
  std::unique_ptr<ZSTD_DCtx, FreeZstd> zstd;
  bool between_members =
      false;  ///< The last gzip member or zstd frame is complete, nothing of a next is read.

  std::array<std::byte, archive::kBufferSize> buffer;
  std::span<const std::byte> pending;  ///< The part of `buffer` not consumed yet.
  bool input_ended = false;
  std::uint64_t bytes_in = 0;  ///< Consumed.
  std::uint64_t bytes_out = 0;

  void consume(std::size_t size) {
    pending = pending.subspan(size);
    bytes_in += size;
  }

  Result<void> refill() {
    if (!pending.empty() || input_ended) return {};
    LAMINA_ASSIGN(const std::size_t size, input.read(buffer));
    pending = std::span(buffer).first(size);
    input_ended = size == 0;
    return {};
  }

  Result<void> start() {
    std::size_t filled = 0;
    while (filled < kZstdMagic.size() && !input_ended) {
      LAMINA_ASSIGN(const std::size_t size, input.read(std::span(buffer).subspan(filled)));
      filled += size;
      input_ended = size == 0;
    }
    pending = std::span(buffer).first(filled);
    const Compression detected = detect_compression(pending);
    if (detected == Compression::kGzip && inflateInit2(&gzip, kGzipOnly) != Z_OK) {
      return fail(Code::kInternal, "no memory for gzip");
    }
    if (detected == Compression::kZstd) {
      zstd.reset(ZSTD_createDCtx());
      if (!zstd) return fail(Code::kInternal, "no memory for zstd");
      ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
    }
    compression = detected;
    return {};
  }

  std::unexpected<Error> truncated() const {
    return fail(Code::kInvalid, "the " + std::string(to_string(*compression)) + " stream ends early, after " +
                                    std::to_string(bytes_in) + " bytes: it is truncated");
  }
  std::unexpected<Error> malformed(std::string_view reason) const {
    return fail(Code::kInvalid, (between_members ? "bytes that do not belong to the " : "damaged ") +
                                    std::string(to_string(*compression)) + " stream, after " +
                                    std::to_string(bytes_in) + " bytes: " + std::string(reason));
  }

  Result<std::size_t> read_plain(std::span<std::byte> target) {
    LAMINA_TRY(refill());
    const std::size_t size = std::min(target.size(), pending.size());
    if (size > 0) std::memcpy(target.data(), pending.data(), size);
    consume(size);
    return size;
  }

  Result<std::size_t> read_gzip(std::span<std::byte> target) {
    while (true) {
      LAMINA_TRY(refill());
      if (between_members) {
        if (pending.empty()) return 0;
        inflateReset(&gzip);
      } else if (pending.empty()) {
        return truncated();
      }
      gzip.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(pending.data()));
      gzip.avail_in = static_cast<uInt>(pending.size());
      gzip.next_out = reinterpret_cast<Bytef*>(target.data());
      const std::size_t room = std::min<std::size_t>(target.size(), archive::kBufferSize);
      gzip.avail_out = static_cast<uInt>(room);
      const int status = inflate(&gzip, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        return malformed(gzip.msg != nullptr ? gzip.msg : "no memory");
      }
      consume(pending.size() - gzip.avail_in);
      between_members = status == Z_STREAM_END;
      if (gzip.avail_out < room) return room - gzip.avail_out;
    }
  }

  Result<std::size_t> read_zstd(std::span<std::byte> target) {
    while (true) {
      LAMINA_TRY(refill());
      if (between_members && pending.empty()) return 0;
      ZSTD_inBuffer in{pending.data(), pending.size(), 0};
      ZSTD_outBuffer out{target.data(), target.size(), 0};
      const std::size_t status = ZSTD_decompressStream(zstd.get(), &out, &in);
      if (ZSTD_isError(status) != 0) {
        if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
          return fail(Code::kUnsupported,
                      "the zstd stream needs a window of more than 8 MiB; compress it again "
                      "without --ultra and --long");
        }
        return malformed(ZSTD_getErrorName(status));
      }
      const bool ended = pending.empty();
      consume(in.pos);
      between_members = status == 0;
      if (out.pos > 0) return out.pos;
      if (ended && !between_members) return truncated();
    }
  }

  Result<void> check_limits() const {
    if (bytes_out > limits.max_bytes) {
      return fail(Code::kTooLarge, "content passes the limit of " + std::to_string(limits.max_bytes) +
                                       " bytes after decompression; raise the limit if it is to be trusted");
    }
    if (*compression == Compression::kNone || bytes_out <= limits.ratio_from_bytes) return {};
    if (bytes_out / std::max<std::uint64_t>(limits.max_ratio, 1) <= bytes_in) return {};
    return fail(Code::kTooLarge, std::to_string(bytes_in) + " compressed bytes grew to " +
                                     std::to_string(bytes_out) +
                                     ", past the limit of 1:" + std::to_string(limits.max_ratio) +
                                     "; raise the limit if the content is to be trusted");
  }
};

DecompressingSource::DecompressingSource(Source& input, const DecompressLimits& limits)
    : state_(std::make_unique<State>(input, limits)) {}

DecompressingSource::~DecompressingSource() = default;

std::optional<Compression> DecompressingSource::compression() const { return state_->compression; }

Result<std::size_t> DecompressingSource::read(std::span<std::byte> buffer) {
  State& state = *state_;
  if (!state.compression) LAMINA_TRY(state.start());
  const auto read_from = [&]() -> Result<std::size_t> {
    switch (*state.compression) {
      case Compression::kNone: return state.read_plain(buffer);
      case Compression::kGzip: return state.read_gzip(buffer);
      case Compression::kZstd: return state.read_zstd(buffer);
    }
    return fail(Code::kInternal, "unknown compression");
  };
  LAMINA_ASSIGN(const std::size_t size, read_from());
  state.bytes_out += size;
  LAMINA_TRY(state.check_limits());
  return size;
}

}  // namespace lamina
