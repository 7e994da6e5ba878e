// SPDX-License-Identifier: Apache-2.0
#include "archive/ignore.h"

#include <gtest/gtest.h>

#include <sstream>

namespace lamina::archive {
namespace {

PathParts parts(const std::string& path) {
  PathParts result;
  std::istringstream in(path);
  for (std::string part; std::getline(in, part, '/');) result.push_back(part);
  return result;
}

TEST(MatchGlob, FollowsGo) {
  struct Case {
    std::string pattern, text;
    std::optional<bool> want;
  };
  const std::vector<Case> cases = {
      {"", "", true},
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"*", "", true},
      {"*", "abc", true},
      {"*c", "abc", true},
      {"a*", "a", true},
      {"a*b*c*d*e*", "axbxcxdxe", true},
      {"a*b*c*d*e*x", "axbxcxdxexxf", false},
      {"a*b?c*x", "abxbbxdbxebxczzx", true},
      {"a*b?c*x", "abxbbxdbxebxczzy", false},
      {"ab[c]", "abc", true},
      {"ab[b-d]", "abc", true},
      {"ab[e-g]", "abc", false},
      {"ab[^c]", "abc", false},
      {"ab[^e-g]", "abc", true},
      {"ab[!c]", "abc", true},  // Go knows no '!' here: it is one of the two characters.
      {"a\\*b", "a*b", true},
      {"a\\*b", "ab", false},
      {"a?b", "a☺b", true},
      {"a[^a]b", "a☺b", true},
      {"a???b", "a☺b", false},
      {"[a-ζ]*", "α", true},
      {"*[a-ζ]", "A", false},
      {"[\\]a]", "]", true},
      {"[x\\-]", "-", true},
      {"[\\-x]", "x", true},
      {"[]a]", "]", std::nullopt},
      {"[-]", "-", std::nullopt},
      {"[x-]", "x", std::nullopt},
      {"[a-b-c]", "a", std::nullopt},
      {"[", "a", std::nullopt},
      {"[^", "a", std::nullopt},
      {"[^bc", "a", std::nullopt},
      {"a\\", "a\\", std::nullopt},
      {"*x", "xxx", true},
  };
  for (const Case& given : cases) {
    EXPECT_EQ(match_glob(given.pattern, given.text), given.want)
        << given.pattern << " against " << given.text;
  }
}

TEST(MatchGlob, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  EXPECT_EQ(match_glob(pattern + "b", std::string(4000, 'a')), false);
}

TEST(IgnoreMatcher, FollowsFlux) {
  struct Case {
    std::string patterns, path;
    bool directory;
    bool want;
  };
  const std::vector<Case> cases = {
      // A pattern without a slash matches any part, and so what is below.
      {"a", "a", false, true},
      {"a", "x/a", true, true},
      {"a", "x/a/y", false, true},
      {"*.png", "x/y.png", false, true},
      {"*.png", "x/y.pngx", false, false},
      // A slash at the end: directories, and what is below them.
      {"a/", "a", true, true},
      {"a/", "a", false, false},
      {"a/", "a/b", false, true},
      {"a/", "x/a/b", false, true},
      // Another slash anchors.
      {"/a", "a", false, true},
      {"/a", "x/a", false, false},
      {"x/a", "x/a", false, true},
      {"x/a", "y/x/a", false, false},
      {"x/a", "x/a/b", false, true},
      {"x/*/b", "x/a/b", false, true},
      {"x/*/b", "x/a/c/b", false, false},
      {"x/a/", "x/a", false, false},
      {"x/a/", "x/a", true, true},
      {"x/a/", "x/a/b", false, true},
      // Two stars.
      {"**/a", "a", false, true},
      {"**/a", "x/y/a", false, true},
      {"**/a", "x/y/ab", false, false},
      {"x/**", "x", true, true},
      {"x/**", "x/y/z", false, true},
      {"x/**/a", "x/a", false, true},
      {"x/**/a", "x/y/z/a", false, true},
      {"x/**/a", "y/a", false, false},
      {"x/a**b", "x/aab", false, false},
      {"**", "x/y", false, true},
      // The last that matches decides, below an excluded directory too.
      {"*.png\n!keep.png", "x/keep.png", false, false},
      {"*.png\n!keep.png", "x/other.png", false, true},
      {"!keep.png\n*.png", "keep.png", false, true},
      {"a/\n!a/keep", "a", true, true},
      {"a/\n!a/keep", "a/keep", false, false},
      {"a/\n!a/keep", "a/other", false, true},
      {"/*\n!/deploy", "deploy/x.yaml", false, false},
      {"/*\n!/deploy", "other/x.yaml", false, true},
      // Comments, blanks, spaces.
      {"#a", "#a", false, false},
      {"\\#a", "#a", false, true},
      {"\\!a", "!a", false, true},
      {"a  ", "a", false, true},
      {"a\\ ", "a ", false, true},
      {" a", "a", false, false},
      {" a", " a", false, true},
      {"   \n\na\r\n", "a", false, true},
      {"/", "a", false, false},
      {"[", "[", false, false},
      {"ü*", "über", false, true},
      {"", "a", false, false},
  };
  for (const Case& given : cases) {
    IgnoreMatcher matcher;
    matcher.add(given.patterns, {});
    EXPECT_EQ(matcher.ignores(parts(given.path), given.directory), given.want)
        << given.patterns << " against " << given.path << (given.directory ? "/" : "");
  }
}

TEST(IgnoreMatcher, KeepsPatternsInTheirDirectory) {
  IgnoreMatcher matcher;
  EXPECT_EQ(matcher.add("# comment\n\n*.txt\n/b\n", parts("x/y")), 2U);
  EXPECT_TRUE(matcher.ignores(parts("x/y/a.txt"), false));
  EXPECT_TRUE(matcher.ignores(parts("x/y/z/a.txt"), false));
  EXPECT_TRUE(matcher.ignores(parts("x/y/b"), false));
  EXPECT_FALSE(matcher.ignores(parts("x/y/z/b"), false));
  EXPECT_FALSE(matcher.ignores(parts("x/a.txt"), false));
  EXPECT_FALSE(matcher.ignores(parts("x/y"), true));
  EXPECT_FALSE(matcher.ignores({}, true));
}

}  // namespace
}  // namespace lamina::archive
