// SPDX-License-Identifier: Apache-2.0
#include "archive/ignore.h"

#include <algorithm>
#include <ranges>
#include <tuple>
#include <utility>

namespace lamina::archive {

// fluxcd/pkg/sourceignore; the order is theirs.
constexpr std::string_view kVersionControlPatterns = ".git/\n.gitignore\n.gitmodules\n.gitattributes\n";
constexpr std::string_view kOtherDefaultPatterns =
    "*.jpg\n*.jpeg\n*.gif\n*.png\n*.wmv\n*.flv\n*.tar.gz\n*.zip\n"
    ".github/\n.circleci/\n.travis.yml\n.gitlab-ci.yml\nappveyor.yml\n.drone.yml\ncloudbuild.yaml\n"
    "codeship-services.yml\ncodeship-steps.yml\n"
    "**/.goreleaser.yml\n**/.sops.yaml\n**/.flux.yaml\n";

namespace {

constexpr std::string_view kAnyDirectories = "**";

/// Takes the first character off `text`, which is not empty: a UTF-8 sequence, or one byte where the
/// encoding is broken.
std::string_view take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const auto continues = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  for (std::size_t i = 1; i < size; ++i) {
    if (!continues(i)) size = 1;
  }
  const std::string_view character = text.substr(0, size);
  text.remove_prefix(size);
  return character;
}

/// A literal character of a bracket expression, escapes resolved; empty where malformed.
std::string_view take_bound(std::string_view& pattern) {
  if (pattern.empty() || pattern.front() == '-' || pattern.front() == ']') return {};
  if (pattern.front() == '\\') pattern.remove_prefix(1);
  return pattern.empty() ? std::string_view{} : take_character(pattern);
}

/// `pattern` stands behind a '['; consumes the expression through its ']'. UTF-8 compares bytewise in the
/// order of code points.
std::optional<bool> match_bracket(std::string_view& pattern, std::string_view character) {
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool matched = false;
  bool first = true;
  while (first || !pattern.starts_with(']')) {
    const std::string_view low = take_bound(pattern);
    if (low.empty()) return std::nullopt;
    std::string_view high = low;
    if (pattern.starts_with('-')) {
      pattern.remove_prefix(1);
      high = take_bound(pattern);
      if (high.empty()) return std::nullopt;
    }
    matched |= low <= character && character <= high;
    first = false;
  }
  pattern.remove_prefix(1);
  return matched != negated;
}

/// One pattern element other than '*' against one character.
std::optional<bool> match_one(std::string_view& pattern, std::string_view character) {
  const char c = pattern.front();
  if (c == '?' || c == '[') pattern.remove_prefix(1);
  if (c == '?') return true;
  if (c == '[') return match_bracket(pattern, character);
  if (c == '\\') {
    pattern.remove_prefix(1);
    if (pattern.empty()) return std::nullopt;
  }
  return take_character(pattern) == character;
}

PathParts split(std::string_view path) {
  PathParts parts;
  for (const auto part : std::views::split(path, '/')) parts.emplace_back(part.begin(), part.end());
  if (parts.empty()) parts.emplace_back();
  return parts;
}

}  // namespace

std::optional<bool> match_glob(std::string_view pattern, std::string_view text) {
  // Only the last star need be tried again, so the time is at most the product of both lengths.
  std::optional<std::pair<std::string_view, std::string_view>> star;
  while (!pattern.empty() || !text.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star.emplace(pattern, text);
      continue;
    }
    if (!pattern.empty() && !text.empty()) {
      std::string_view rest = text;
      const auto matched = match_one(pattern, take_character(rest));
      if (!matched) return std::nullopt;
      if (*matched) {
        text = rest;
        continue;
      }
    }
    if (!star || star->second.empty()) return false;
    take_character(star->second);
    std::tie(pattern, text) = *star;
  }
  return true;
}

IgnorePattern::IgnorePattern(std::string_view line, PathParts domain) : domain_(std::move(domain)) {
  if (line.starts_with('!')) {
    includes_again_ = true;
    line.remove_prefix(1);
  }
  if (!line.ends_with("\\ ")) line = line.substr(0, line.find_last_not_of(' ') + 1);
  if (line.ends_with('/')) {
    directories_only_ = true;
    line.remove_suffix(1);
  }
  parts_ = split(line);
}

bool IgnorePattern::matches(const PathParts& path, bool directory) const {
  if (path.size() <= domain_.size() || !std::equal(domain_.begin(), domain_.end(), path.begin()))
    return false;
  return parts_.size() == 1 ? matches_any_part(path, directory) : matches_anchored(path, directory);
}

bool IgnorePattern::matches_any_part(const PathParts& path, bool directory) const {
  for (std::size_t i = domain_.size(); i < path.size(); ++i) {
    const auto matched = match_glob(parts_.front(), path[i]);
    if (!matched) return false;
    if (*matched) return directory || !directories_only_ || i + 1 < path.size();
  }
  return false;
}

// Follows fluxcd/pkg/sourceignore step by step, since its results are the contract and not git's: `x/**`
// matches x itself, and a pattern that ends inside the path matches all below.
bool IgnorePattern::matches_anchored(const PathParts& path, bool directory) const {
  std::size_t at = domain_.size();
  bool matched = false;
  bool crosses = false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::string& part = parts_[i];
    if (part.empty()) {
      crosses = false;
      continue;
    }
    if (part == kAnyDirectories) {
      if (i + 1 == parts_.size()) break;
      crosses = true;
      continue;
    }
    if (part.find(kAnyDirectories) != std::string::npos || at == path.size()) return false;
    if (crosses) {
      crosses = false;
      bool found = false;
      while (at < path.size() && !found) {
        const auto match = match_glob(part, path[at++]);
        if (!match) return false;
        found = *match;
      }
      matched = found;
    } else {
      if (!match_glob(part, path[at++]).value_or(false)) return false;
      matched = true;
    }
  }
  return matched && (directory || !directories_only_ || at < path.size());
}

std::size_t IgnoreMatcher::add(std::string_view text, const PathParts& domain) {
  const std::size_t before = patterns_.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#') || line.find_first_not_of(" \t\v\f\r") == std::string_view::npos) continue;
    patterns_.emplace_back(line, domain);
  }
  return patterns_.size() - before;
}

bool IgnoreMatcher::ignores(const PathParts& path, bool directory) const {
  for (const IgnorePattern& pattern : patterns_ | std::views::reverse) {
    if (pattern.matches(path, directory)) return !pattern.includes_again();
  }
  return false;
}

}  // namespace lamina::archive
