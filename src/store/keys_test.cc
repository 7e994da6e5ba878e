// SPDX-License-Identifier: Apache-2.0
#include "store/keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/testing/harness.h"

namespace lamina::store {
namespace {

using meta::Table;

const std::vector<std::string> kRepositories = {"a", "a-b", "a.b", "a/b", "a/b/c", "a0", "aa", "b"};
const std::string kHex(64, 'a');
const std::vector<std::string> kTags = {"a", "a-b", "aa", "sha256-" + kHex, "v1", "v1.0"};

std::vector<Digest> digests() {
  std::vector<Digest> all;
  // Raw bytes that look like the end of a name, another algorithm, or more of a prefix.
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha512}) {
    for (const std::byte fill :
         {std::byte{0}, std::byte{1}, std::byte{2}, std::byte{0x61}, std::byte{0xff}}) {
      const std::vector<std::byte> raw(digest_size(algorithm), fill);
      all.push_back(Digest::from_raw(algorithm, raw));
    }
  }
  return all;
}

/// For any two owners, no key of the one begins with the prefix that scans the other.
void expect_apart(const std::vector<std::pair<std::string, std::vector<std::string>>>& keys_by_prefix) {
  for (const auto& [prefix, own] : keys_by_prefix) {
    for (const auto& key : own) EXPECT_TRUE(key.starts_with(prefix));
    for (const auto& [other, keys] : keys_by_prefix) {
      if (other == prefix) continue;
      for (const auto& key : keys) EXPECT_FALSE(key.starts_with(prefix)) << "a scan would leave its range";
    }
  }
}

TEST(KeysTest, WhatARepositoryHasIsApartFromEveryOther) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const auto& name : kRepositories) {
    std::vector<std::string> own;
    for (const auto& digest : digests()) own.push_back(keys::in(repo(name), digest));
    for (const auto& each : kTags) own.push_back(keys::in(repo(name), tag(each)));
    all.emplace_back(keys::in(repo(name)), own);
  }
  expect_apart(all);
}

TEST(KeysTest, TheTagsOfAManifestAreApartFromThoseOfEveryOther) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const auto& name : kRepositories) {
    for (const auto& digest : digests()) {
      std::vector<std::string> own;
      for (const auto& each : kTags) own.push_back(keys::tag_of(repo(name), digest, tag(each)));
      all.emplace_back(keys::in(repo(name), digest), own);
    }
  }
  expect_apart(all);
}

TEST(KeysTest, EdgesLinksReferrersAndTermsAreApart) {
  std::vector<std::pair<std::string, std::vector<std::string>>> edges, linked, referrers, terms;
  for (const auto& digest : digests()) {
    std::vector<std::string> holders;
    for (const auto& name : kRepositories) {
      holders.push_back(keys::linked(digest, repo(name)));
      std::vector<std::string> own;
      for (const auto& manifest : digests()) own.push_back(keys::edge(digest, repo(name), manifest));
      edges.emplace_back(keys::edges(digest, repo(name)), own);
      for (const std::string_view type : {"", "a/b", "a/bc"}) {
        std::vector<std::string> entries;
        for (const auto& referrer : digests()) {
          entries.push_back(keys::referrer(repo(name), digest, type, referrer));
        }
        referrers.emplace_back(keys::referrers(repo(name), digest, type), entries);
      }
    }
    linked.emplace_back(keys::of(digest), holders);
  }
  for (const auto& [key, value] : {std::pair("a", "b"), {"a", "bc"}, {"ab", "c"}, {"a=b", "c"}}) {
    terms.emplace_back(keys::identity_term(key, value),
                       std::vector{keys::identity(key, value, repo("a"), digests().front())});
  }
  expect_apart(edges);
  expect_apart(linked);
  expect_apart(referrers);
  expect_apart(terms);
}

TEST(KeysTest, HoldsAndHoldersAreApart) {
  std::vector<Holder> objects;
  for (const Scope& scope :
       {Scope{"c", "", "K"}, {"c", "K", "K"}, {"c", "g", "K"}, {"c", "g", "KK"}, {"cc", "g", "K"}}) {
    for (const auto& [space, name] : {std::pair("", "n"), {"n", "n"}, {"n", "nn"}, {"nn", "n"}}) {
      objects.push_back({scope, space, name});
    }
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> scopes, held;
  for (const Holder& object : objects) {
    const auto again = keys::parse_holder(keys::holder(object));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, object);
    std::vector<std::string> own;
    for (const Holder& other : objects) {
      if (other.scope == object.scope) own.push_back(keys::holder(other));
    }
    own.push_back(keys::owned_due(object.scope, UnixTime{}, repo("a"), digests().front()));
    scopes.emplace_back(keys::scope(object.scope), own);
  }
  for (const auto& name : kRepositories) {
    for (const auto& digest : digests()) {
      std::vector<std::string> own;
      for (const Holder& object : objects)
        own.push_back(keys::held({repo(name), digest}, keys::holder(object)));
      held.emplace_back(keys::in(repo(name), digest), own);
      std::string_view rest = own.front();
      EXPECT_EQ(keys::take_member(rest)->digest, digest);
      EXPECT_EQ(rest, keys::holder(objects.front()));
    }
  }
  expect_apart(scopes);
  expect_apart(held);
  using namespace std::string_literals;
  for (const std::string& damaged :
       {""s, "c\0g\0K\0n"s, "c\0g\0K\0n\0"s, "\0g\0K\0n\0n"s, "c\0g\0K\0n\0n\0"s}) {
    EXPECT_EQ(keys::parse_holder(damaged).error().code, Code::kCorrupt);
  }
}

TEST(KeysTest, DueKeysSortByTime) {
  const auto at = [](std::int64_t seconds, std::string_view name) {
    return keys::due(UnixTime{std::chrono::seconds{seconds}}, repo(name), Digest::of("x"));
  };
  const std::vector<std::string> ascending = {at(0, "b"),
                                              at(1, "a"),
                                              at(255, "b"),
                                              at(256, "a"),
                                              at(1'800'000'000, "a"),
                                              at(1'800'000'000, "b"),
                                              at(std::int64_t{1} << 40, "a")};
  EXPECT_TRUE(std::ranges::is_sorted(ascending));
  EXPECT_EQ(keys::due_time(ascending[4]).value(), UnixTime{std::chrono::seconds{1'800'000'000}});
  EXPECT_EQ(keys::due_time("1234567").error().code, Code::kCorrupt);
}

TEST(KeysTest, MembersAreParsedBack) {
  for (const auto& name : kRepositories) {
    for (const auto& digest : digests()) {
      const std::string key = keys::in(repo(name), digest);
      const auto member = keys::parse_member(key);
      ASSERT_TRUE(member);
      EXPECT_EQ(member->repository.str(), name);
      EXPECT_EQ(member->digest, digest);
      EXPECT_FALSE(keys::parse_member(key + 'x')) << "something behind the digest";
      EXPECT_FALSE(keys::parse_member(std::string_view(key).substr(0, key.size() - 1)));
    }
  }
  EXPECT_EQ(keys::parse_member("").error().code, Code::kCorrupt);
  EXPECT_FALSE(keys::parse_member("a"));
  EXPECT_FALSE(keys::parse_member(std::string_view("A\0", 2)));
  EXPECT_FALSE(keys::parse_member(std::string("a\0\3", 3) + std::string(64, 'x'))) << "an unknown algorithm";
}

// The disk format: docs/format/records.md.
TEST(KeysTest, TheBytesOfFormatVersion1AreKept) {
  using namespace std::string_literals;
  const Digest named = Digest::from_raw(Algorithm::kSha256, std::vector<std::byte>(32, std::byte{'d'}));
  const Digest other = Digest::from_raw(Algorithm::kSha512, std::vector<std::byte>(64, std::byte{'m'}));
  const std::string d = "\1"s + std::string(32, 'd');
  const std::string m = "\2"s + std::string(64, 'm');
  const auto id = blob::UploadId::parse("00112233445566778899aabbccddeeff").value();
  EXPECT_EQ(keys::repository(repo("a/b")), "a/b");
  EXPECT_EQ(keys::in(repo("a/b"), named), "a/b\0"s + d);
  EXPECT_EQ(keys::in(repo("a/b"), tag("v1")), "a/b\0v1"s);
  EXPECT_EQ(keys::tag_of(repo("a/b"), named, tag("v1")), "a/b\0"s + d + "v1");
  EXPECT_EQ(keys::blob(named), d);
  EXPECT_EQ(keys::linked(named, repo("a/b")), d + "a/b");
  EXPECT_EQ(keys::edge(named, repo("a/b"), other), d + "a/b\0"s + m);
  EXPECT_EQ(keys::referrer(repo("a"), named, "", other), "a\0"s + d + std::string(16, '\0') + m);
  EXPECT_EQ(keys::upload(id), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(keys::due(UnixTime{std::chrono::seconds{0x0102}}, repo("a"), named), "\0\0\0\0\0\0\1\2a\0"s + d);
  const Holder holder{{"c", "g", "K"}, "ns", "n"};
  EXPECT_EQ(keys::scope(holder.scope), "c\0g\0K\0"s);
  EXPECT_EQ(keys::holder(holder), "c\0g\0K\0ns\0n"s);
  EXPECT_EQ(keys::held({repo("a"), named}, keys::holder(holder)), "a\0"s + d + "c\0g\0K\0ns\0n"s);
  EXPECT_EQ(keys::owned_due(holder.scope, UnixTime{std::chrono::seconds{0x0102}}, repo("a"), named),
            "c\0g\0K\0\0\0\0\0\0\0\1\2a\0"s + d);
  EXPECT_EQ(keys::removal(blob::BlobId("x.y")), "x.y");
  // SHA-256 of "a/b" and of "k" NUL "v".
  const auto raw = [](const Digest& digest) {
    return std::string(reinterpret_cast<const char*>(digest.raw().data()), 16);
  };
  EXPECT_EQ(keys::referrers(repo("a"), named, "a/b"), "a\0"s + d + raw(Digest::of("a/b")));
  EXPECT_EQ(keys::identity("k", "v", repo("a"), named), raw(Digest::of("k\0v"s)) + "a\0"s + d);
}

}  // namespace
}  // namespace lamina::store
