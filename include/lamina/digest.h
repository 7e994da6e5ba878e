// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina {

/// The algorithms that image-spec registers and Lamina stores. The values are part of the disk format.
enum class Algorithm : std::uint8_t { kSha256 = 1, kSha512 = 2 };

/// Bytes of a digest of this algorithm: 32 or 64.
std::size_t digest_size(Algorithm algorithm);
/// "sha256" or "sha512".
std::string_view to_string(Algorithm algorithm);
/// kUnsupported for an algorithm that is well-formed by image-spec but not offered here.
Result<Algorithm> parse_algorithm(std::string_view text);

/// The name of content: image-spec v1.1.1, descriptor.md "Digests". A value type.
class Digest {
 public:
  /// All zero bytes of SHA-256: a place for a digest to come, never the name of content.
  Digest() = default;
  /// Inverse of to_string(). kInvalid where the grammar does not hold (upper-case hex, wrong length),
  /// kUnsupported where it does but the algorithm is not offered; both about kDigest.
  static Result<Digest> parse(std::string_view text);
  /// `raw` must hold digest_size(algorithm) bytes; any other length ends the program.
  static Digest from_raw(Algorithm algorithm, std::span<const std::byte> raw);
  static Digest of(std::span<const std::byte> bytes, Algorithm algorithm = Algorithm::kSha256);
  static Digest of(std::string_view bytes, Algorithm algorithm = Algorithm::kSha256);

  Algorithm algorithm() const { return algorithm_; }
  std::span<const std::byte> raw() const { return {raw_.data(), digest_size(algorithm_)}; }
  std::string hex() const;
  /// "sha256:<64 hex>".
  std::string to_string() const;

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  Algorithm algorithm_ = Algorithm::kSha256;
  std::array<std::byte, 64> raw_{};
};

/// A digest computed as bytes arrive. Not thread-safe; movable; one that was moved from may only be assigned
/// to or destroyed.
class Hasher {
 public:
  explicit Hasher(Algorithm algorithm = Algorithm::kSha256);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::span<const std::byte> bytes);
  void update(std::string_view bytes);
  /// The digest of everything so far. The hasher can go on: a copy of the state is finished.
  Digest digest() const;
  Algorithm algorithm() const { return algorithm_; }

 private:
  struct State;
  Algorithm algorithm_;
  std::unique_ptr<State> state_;
};

}  // namespace lamina

template <>
struct std::hash<lamina::Digest> {
  std::size_t operator()(const lamina::Digest& digest) const noexcept;
};
