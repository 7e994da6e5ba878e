// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::archive {

/// Parts of a path relative to the packed directory; empty for that directory itself.
using PathParts = std::vector<std::string>;

/// Shell pattern against one path part, as Go's filepath.Match: `*`, `?`, `[a-z]`, `[^a]`, `\` escapes; by
/// UTF-8 characters. Empty for a malformed pattern.
std::optional<bool> match_glob(std::string_view pattern, std::string_view text);

/// One line of a .sourceignore, bound to the directory (domain) that it counts for.
class IgnorePattern {
 public:
  /// `line` is not blank and not a comment.
  IgnorePattern(std::string_view line, PathParts domain);

  bool matches(const PathParts& path, bool directory) const;
  bool includes_again() const { return includes_again_; }

 private:
  bool matches_any_part(const PathParts& path, bool directory) const;
  bool matches_anchored(const PathParts& path, bool directory) const;

  PathParts domain_;
  PathParts parts_;
  bool includes_again_ = false;
  bool directories_only_ = false;
};

/// Patterns in order of priority, lowest first. Constant once filled.
class IgnoreMatcher {
 public:
  /// Adds every line of `text` that is neither blank nor a comment; returns how many.
  std::size_t add(std::string_view text, const PathParts& domain);
  /// True where the last pattern that matches excludes. Parents are not looked at, so a child of an excluded
  /// directory can be included again.
  bool ignores(const PathParts& path, bool directory) const;

 private:
  std::vector<IgnorePattern> patterns_;
};

/// Flux's own patterns, one a line.
extern const std::string_view kVersionControlPatterns;
extern const std::string_view kOtherDefaultPatterns;

}  // namespace lamina::archive
