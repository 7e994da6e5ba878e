// SPDX-License-Identifier: Apache-2.0
#include "lamina/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "oci/quote.h"

namespace lamina {
namespace {

/// SHA-2 of libcrypto fails only where the library is broken or memory has run out: nothing to hand to a
/// caller.
void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "lamina: broken invariant: %s\n", what);
  std::abort();
}

/// Fetched once: an implicit fetch takes a lock and a lookup for every digest.
const EVP_MD* message_digest(Algorithm algorithm) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  return algorithm == Algorithm::kSha512 ? sha512 : sha256;
}

using Context = std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* context) { EVP_MD_CTX_free(context); })>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  require(context != nullptr, "EVP_MD_CTX_new");
  return context;
}

Digest finish(EVP_MD_CTX* context, Algorithm algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned length = 0;
  require(EVP_DigestFinal_ex(context, raw.data(), &length) == 1, "EVP_DigestFinal_ex");
  return Digest::from_raw(algorithm, std::as_bytes(std::span(raw).first(length)));
}

constexpr bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// `[a-z0-9]+([+._-][a-z0-9]+)*`
bool is_algorithm(std::string_view text) {
  bool after_separator = true;
  for (const char c : text) {
    const bool separator = c == '+' || c == '.' || c == '_' || c == '-';
    if (!is_lower_or_digit(c) && (!separator || after_separator)) return false;
    after_separator = separator;
  }
  return !after_separator;
}

/// `[a-zA-Z0-9=_-]+`
bool is_encoded(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '=' || c == '_' || c == '-';
  });
}

/// 0 to 15, or 16 for anything but a lower-case hex digit.
constexpr unsigned nibble(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return 16;
}

}  // namespace

std::size_t digest_size(Algorithm algorithm) { return algorithm == Algorithm::kSha512 ? 64 : 32; }

std::string_view to_string(Algorithm algorithm) {
  return algorithm == Algorithm::kSha512 ? "sha512" : "sha256";
}

Result<Algorithm> parse_algorithm(std::string_view text) {
  if (text == "sha256") return Algorithm::kSha256;
  if (text == "sha512") return Algorithm::kSha512;
  if (!is_algorithm(text)) {
    return fail(Code::kInvalid, About::kDigest,
                "expected a digest algorithm such as sha256, found " + oci::quote(text));
  }
  return fail(Code::kUnsupported, About::kDigest,
              "digest algorithm " + oci::quote(text) + " is not offered; use sha256 or sha512");
}

Result<Digest> Digest::parse(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_algorithm(text.substr(0, colon)) ||
      !is_encoded(text.substr(colon + 1))) {
    return fail(Code::kInvalid, About::kDigest,
                "expected a digest such as sha256:<64 hex digits>, found " + oci::quote(text));
  }
  LAMINA_ASSIGN(const Algorithm algorithm, parse_algorithm(text.substr(0, colon)));
  const std::string_view hex = text.substr(colon + 1);
  const std::size_t size = digest_size(algorithm);
  Digest digest;
  digest.algorithm_ = algorithm;
  unsigned invalid = hex.size() == 2 * size ? 0 : 16;
  for (std::size_t i = 0; invalid < 16 && i < size; ++i) {
    const unsigned high = nibble(hex[2 * i]);
    const unsigned low = nibble(hex[2 * i + 1]);
    invalid |= high | low;
    digest.raw_[i] = static_cast<std::byte>(high << 4 | low);
  }
  if (invalid >= 16) {
    return fail(Code::kInvalid, About::kDigest,
                "expected " + std::to_string(2 * size) + " lower-case hex digits after " +
                    std::string(lamina::to_string(algorithm)) + ":, found " + oci::quote(hex));
  }
  return digest;
}

Digest Digest::from_raw(Algorithm algorithm, std::span<const std::byte> raw) {
  require(raw.size() == digest_size(algorithm), "Digest::from_raw of another length");
  Digest digest;
  digest.algorithm_ = algorithm;
  std::ranges::copy(raw, digest.raw_.begin());
  return digest;
}

Digest Digest::of(std::span<const std::byte> bytes, Algorithm algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned length = 0;
  require(
      EVP_Digest(bytes.data(), bytes.size(), raw.data(), &length, message_digest(algorithm), nullptr) == 1,
      "EVP_Digest");
  return from_raw(algorithm, std::as_bytes(std::span(raw).first(length)));
}

Digest Digest::of(std::string_view bytes, Algorithm algorithm) {
  return of(std::as_bytes(std::span(bytes)), algorithm);
}

std::string Digest::hex() const {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(2 * raw().size());
  for (const std::byte byte : raw()) {
    out += kHex[std::to_integer<unsigned>(byte >> 4)];
    out += kHex[std::to_integer<unsigned>(byte & std::byte{0xf})];
  }
  return out;
}

std::string Digest::to_string() const { return std::string(lamina::to_string(algorithm_)) + ':' + hex(); }

struct Hasher::State {
  Context context = new_context();
};

Hasher::Hasher(Algorithm algorithm) : algorithm_(algorithm), state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex2(state_->context.get(), message_digest(algorithm), nullptr) == 1,
          "EVP_DigestInit_ex2");
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "EVP_DigestUpdate");
}

void Hasher::update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }

Digest Hasher::digest() const {
  const Context copy = new_context();
  require(EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()) == 1, "EVP_MD_CTX_copy_ex");
  return finish(copy.get(), algorithm_);
}

}  // namespace lamina

std::size_t std::hash<lamina::Digest>::operator()(const lamina::Digest& digest) const noexcept {
  // The bytes are uniform already.
  std::size_t value = 0;
  std::memcpy(&value, digest.raw().data(), sizeof value);
  return value;
}
