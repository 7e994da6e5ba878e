// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "lamina/digest.h"
#include "lamina/result.h"

namespace lamina {

/// A repository name: distribution-spec v1.1.1 "Pulling manifests", at most 255 bytes.
class RepositoryName {
 public:
  static constexpr std::size_t kMaxLength = 255;
  /// kInvalid about kRepository where the grammar or the length does not hold.
  static Result<RepositoryName> parse(std::string_view text);
  const std::string& str() const { return text_; }
  friend auto operator<=>(const RepositoryName&, const RepositoryName&) = default;

 private:
  explicit RepositoryName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
class Tag {
 public:
  /// kInvalid about kTag where the grammar does not hold.
  static Result<Tag> parse(std::string_view text);
  const std::string& str() const { return text_; }
  friend auto operator<=>(const Tag&, const Tag&) = default;

 private:
  explicit Tag(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What follows the repository name in a manifest URL: a tag or a digest.
using TagOrDigest = std::variant<Tag, Digest>;
/// A text with a colon is taken for a digest, any other for a tag.
Result<TagOrDigest> parse_tag_or_digest(std::string_view text);
std::string to_string(const TagOrDigest& reference);

/// `[host[:port]/]repository[:tag][@digest]`, as users write it on the command line.
struct Reference {
  std::string registry;  ///< host[:port], IPv6 in brackets; empty where none was given.
  RepositoryName repository;
  std::optional<Tag> tag;
  std::optional<Digest> digest;

  /// The first component is a registry when it holds '.' or ':', is "localhost" or follows a scheme. A scheme
  /// (`oci://`, `http://`, `https://`) is accepted and kept out of `registry`. Errors are kInvalid about the
  /// part that is wrong, kUnsupported for a digest algorithm that is not offered.
  static Result<Reference> parse(std::string_view text);
  /// Inverse of parse() but for the scheme, which is written only where the registry needs it to be seen as
  /// one.
  std::string to_string() const;
  /// The digest if there is one, else the tag, else the tag "latest".
  TagOrDigest target() const;
};

}  // namespace lamina
