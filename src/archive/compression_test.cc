// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "archive/testing/memory_stream.h"
#include "lamina/archive.h"
#include "lamina/digest.h"

namespace lamina::archive {
namespace {

std::string gzip(std::string_view text, std::size_t piece = 1 << 20) {
  StringSink sink;
  GzipSink compressor(sink);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    EXPECT_TRUE(compressor.write(std::as_bytes(std::span(text.substr(at, piece)))).has_value());
  }
  EXPECT_TRUE(compressor.finish().has_value());
  return sink.text;
}

std::string zstd(std::string_view text, int window_log = 20) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  // Without a stated size the window is as asked for, however small the content.
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer buffer{out.data(), out.size(), 0};
  ZSTD_compressStream2(context.get(), &buffer, &in, ZSTD_e_continue);
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &buffer, &in, ZSTD_e_end), 0U);
  out.resize(buffer.pos);
  return out;
}

Result<std::string> decompress(const std::string& bytes, const DecompressLimits& limits = {},
                               std::size_t piece = 4096) {
  StringSource source(bytes, piece);
  DecompressingSource plain(source, limits);
  StringSink sink;
  LAMINA_TRY(copy_stream(plain, sink));
  return sink.text;
}

/// Compresses well in some places and not in others.
std::string sample(std::size_t size) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < size) {
    const auto length = random() % 300;
    if (random() % 2 == 0) {
      text.append(length, static_cast<char>('a' + random() % 26));
    } else {
      for (unsigned i = 0; i < length; ++i) text.push_back(static_cast<char>(random()));
    }
  }
  return text;
}

TEST(GzipSink, OutputIsFixed) {
  // Level 6 of zlib 1.2.13: a change here changes the digest of every artifact that is pushed again.
  EXPECT_EQ(gzip("hello\n"),
            std::string(
                "\x1f\x8b\x08\0\0\0\0\0\0\xff\xcb\x48\xcd\xc9\xc9\xe7\x02\0\x20\x30\x3a\x36\x06\0\0\0", 26));
  EXPECT_EQ(gzip(""), std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0", 20));
}

TEST(GzipSink, OutputOfASampleIsFixed) {
  EXPECT_EQ(Digest::of(gzip(sample(1 << 20))).hex(),
            "d1a1ccfc6eab6f1e815f997885348ef86cd7c04e7e465d28b6cfde885f3b1f43");
}

TEST(GzipSink, OutputDoesNotDependOnHowItIsWritten) {
  const std::string text = sample(1 << 20);
  const std::string whole = gzip(text, text.size());
  for (const std::size_t piece : {1UL, 7UL, 512UL, 65535UL, 65536UL, 65537UL}) {
    EXPECT_TRUE(gzip(text, piece) == whole) << "pieces of " << piece;
  }
}

TEST(GzipSink, HandsOnTheErrorOfTheSink) {
  FunctionSink sink([](std::span<const std::byte>) -> Result<void> { return fail(Code::kNoSpace, "full"); });
  GzipSink compressor(sink);
  ASSERT_TRUE(compressor.write(std::as_bytes(std::span(std::string_view("x")))).has_value());
  const auto finished = compressor.finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_EQ(finished.error().code, Code::kNoSpace);
}

TEST(DetectCompression, LooksAtMagicBytes) {
  const auto detect = [](std::string_view start) {
    return detect_compression(std::as_bytes(std::span(start)));
  };
  EXPECT_EQ(detect("\x1f\x8b"), Compression::kGzip);
  EXPECT_EQ(detect("\x28\xb5\x2f\xfd"), Compression::kZstd);
  EXPECT_EQ(detect("\x28\xb5\x2f"), Compression::kNone);
  EXPECT_EQ(detect("\x1f"), Compression::kNone);
  EXPECT_EQ(detect("BZh9"), Compression::kNone);
  EXPECT_EQ(detect(""), Compression::kNone);
}

TEST(DecompressingSource, GivesBackWhatWasCompressed) {
  for (const std::size_t size : {0UL, 1UL, 5UL, 65536UL, 300'000UL}) {
    const std::string text = sample(size);
    for (const std::size_t piece : {1UL, 3UL, 1UL << 20}) {
      for (const auto& [compression, bytes] : {std::pair{Compression::kNone, text},
                                               {Compression::kGzip, gzip(text)},
                                               {Compression::kZstd, zstd(text)}}) {
        StringSource source(bytes, piece);
        DecompressingSource plain(source);
        EXPECT_EQ(plain.compression(), std::nullopt);
        StringSink sink;
        const auto moved = copy_stream(plain, sink);
        ASSERT_TRUE(moved.has_value())
            << to_string(compression) << " " << size << ": " << moved.error().message;
        EXPECT_EQ(*moved, text.size());
        EXPECT_TRUE(sink.text == text) << to_string(compression) << " " << size << " by " << piece;
        EXPECT_EQ(plain.compression(), compression);
      }
    }
  }
}

TEST(DecompressingSource, SmallReadsGetEverything) {
  const std::string text = sample(100'000);
  for (const std::string& bytes : {gzip(text), zstd(text)}) {
    StringSource source(bytes, 1000);
    DecompressingSource plain(source);
    std::string got;
    std::array<std::byte, 1> one;
    while (true) {
      const auto size = plain.read(one);
      ASSERT_TRUE(size.has_value()) << size.error().message;
      if (*size == 0) break;
      got.push_back(static_cast<char>(one[0]));
    }
    EXPECT_TRUE(got == text);
  }
}

TEST(DecompressingSource, JoinsMembersAndFrames) {
  EXPECT_EQ(decompress(gzip("one") + gzip("") + gzip("two")), "onetwo");
  EXPECT_EQ(decompress(zstd("one") + zstd("") + zstd("two")), "onetwo");
  EXPECT_EQ(decompress(gzip("one") + gzip("two"), {}, 1), "onetwo");
}

TEST(DecompressingSource, FindsEveryTruncation) {
  const std::string text = sample(2000);
  for (const std::string& bytes : {gzip(text), zstd(text)}) {
    for (std::size_t size = 4; size < bytes.size(); ++size) {
      const auto result = decompress(bytes.substr(0, size));
      ASSERT_FALSE(result.has_value()) << size;
      EXPECT_EQ(result.error().code, Code::kInvalid);
    }
  }
}

TEST(DecompressingSource, FindsDamageAndWhatIsBehind) {
  std::string damaged = gzip("hello, hello, hello");
  damaged[damaged.size() - 6] ^= 1;  // The checksum.
  const std::string cases[] = {damaged,
                               gzip("a") + "garbage",
                               gzip("a") + std::string(512, '\0'),
                               gzip("a") + zstd("b"),
                               zstd("a") + "garbage",
                               zstd("a") + std::string(512, '\0')};
  for (const std::string& bytes : cases) {
    for (const std::size_t piece : {1UL, 4096UL}) {
      const auto result = decompress(bytes, {}, piece);
      ASSERT_FALSE(result.has_value());
      EXPECT_EQ(result.error().code, Code::kInvalid) << result.error().message;
    }
  }
}

TEST(DecompressingSource, RefusesALargeZstdWindow) {
  EXPECT_TRUE(decompress(zstd("small", 23)).has_value());
  const auto result = decompress(zstd("small", 24));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::kUnsupported) << result.error().message;
}

TEST(DecompressingSource, StopsBombs) {
  const std::string zeros(8 << 20, '\0');
  const DecompressLimits tight{.max_bytes = 64 << 20, .max_ratio = 250, .ratio_from_bytes = 1 << 20};
  for (const std::string& bytes : {gzip(zeros), zstd(zeros)}) {
    const auto result = decompress(bytes, tight);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::kTooLarge) << result.error().message;
    EXPECT_TRUE(decompress(bytes).has_value()) << "below 64 MiB no ratio is too high";
  }
}

TEST(DecompressingSource, StopsAtTheLimitOfBytes) {
  const std::string text = sample(10'000);
  const DecompressLimits exact{.max_bytes = text.size()};
  const DecompressLimits less{.max_bytes = text.size() - 1};
  for (const std::string& bytes : {text, gzip(text), zstd(text)}) {
    EXPECT_TRUE(decompress(bytes, exact).has_value());
    const auto result = decompress(bytes, less);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::kTooLarge);
  }
}

TEST(DecompressingSource, HandsOnTheErrorOfItsInput) {
  FunctionSource source(
      [](std::span<std::byte>) -> Result<std::size_t> { return fail(Code::kUnavailable, "cut"); });
  DecompressingSource plain(source);
  std::array<std::byte, 16> buffer;
  const auto size = plain.read(buffer);
  ASSERT_FALSE(size.has_value());
  EXPECT_EQ(size.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace lamina::archive
