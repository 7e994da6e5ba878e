// SPDX-License-Identifier: Apache-2.0
#include "lamina/reference.h"

#include <gmock/gmock.h>

namespace lamina {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(RepositoryName, Accepts) {
  for (const std::string& text :
       {std::string("a"), std::string("0"), std::string("a/b/c"), std::string("a.b_c__d-e--f---g/h"),
        "sha256-" + std::string(64, 'f'), std::string("sha-12161962213042174405"), std::string(255, 'a')}) {
    const auto name = RepositoryName::parse(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->str(), text);
  }
}

TEST(RepositoryName, Refuses) {
  for (const std::string& text :
       {std::string(),          std::string("A"),       std::string("a/B"),       std::string("/"),
        std::string("/a"),      std::string("a/"),      std::string("a//b"),      std::string("_a"),
        std::string("a_"),      std::string(".a"),      std::string("a."),        std::string("-a"),
        std::string("a-"),      std::string("a..b"),    std::string("a___b"),     std::string("a._b"),
        std::string("a.-b"),    std::string("a-_b"),    std::string(".."),        std::string("../a"),
        std::string("a/../b"),  std::string("_lamina"), std::string("a/_lamina"), std::string("a b"),
        std::string("a%2fb"),   std::string("a:b"),     std::string("a\\b"),      std::string("\xc3\xbc"),
        std::string("a\0b", 3), std::string(256, 'a')}) {
    const auto name = RepositoryName::parse(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, Code::kInvalid) << text;
    EXPECT_EQ(name.error().about, About::kRepository) << text;
  }
}

TEST(Tag, Accepts) {
  for (const std::string& text : {std::string("a"), std::string("_"), std::string("A.b-c_9"),
                                  std::string("1.0.0"), std::string("v1.2.build-3"), std::string(128, 'x')}) {
    const auto tag = Tag::parse(text);
    ASSERT_TRUE(tag) << text;
    EXPECT_EQ(tag->str(), text);
  }
}

TEST(Tag, Refuses) {
  for (const std::string& text :
       {std::string(), std::string("."), std::string("-a"), std::string(".a"), std::string("a+b"),
        std::string("a b"), std::string("a/b"), std::string("a:b"), std::string("\xc3\xbc"),
        std::string("a\0", 2), std::string(129, 'x')}) {
    const auto tag = Tag::parse(text);
    ASSERT_FALSE(tag) << text;
    EXPECT_EQ(tag.error().code, Code::kInvalid) << text;
    EXPECT_EQ(tag.error().about, About::kTag) << text;
  }
}

TEST(TagOrDigest, AColonMakesADigest) {
  EXPECT_EQ(to_string(*parse_tag_or_digest("v1")), "v1");
  EXPECT_TRUE(std::holds_alternative<Tag>(*parse_tag_or_digest("sha256")));
  EXPECT_EQ(to_string(*parse_tag_or_digest(kDigest)), kDigest);
  EXPECT_TRUE(std::holds_alternative<Digest>(*parse_tag_or_digest(kDigest)));
  EXPECT_EQ(parse_tag_or_digest("sha256:ab").error().about, About::kDigest);
  EXPECT_EQ(parse_tag_or_digest("sha1:ab").error().code, Code::kUnsupported);
  EXPECT_EQ(parse_tag_or_digest("").error().about, About::kTag);
}

struct Parts {
  std::string text;
  std::string registry;
  std::string repository;
  std::string tag;
  std::string digest;
  std::string written;  // What to_string() gives; `text` where empty.
};

TEST(Reference, Parses) {
  const Parts cases[] = {
      {"a", "", "a", "", "", ""},
      {"a:v1", "", "a", "v1", "", ""},
      {"a/b:v1", "", "a/b", "v1", "", ""},
      {"localhost", "", "localhost", "", "", ""},
      {"localhost:5000", "", "localhost", "5000", "", ""},
      {"localhost/a", "localhost", "a", "", "", ""},
      {"localhost:5000/a/b", "localhost:5000", "a/b", "", "", ""},
      {"registry.example.com/a:v1", "registry.example.com", "a", "v1", "", ""},
      {"host:1/a:v1@" + kDigest, "host:1", "a", "v1", kDigest, ""},
      {"a@" + kDigest, "", "a", "", kDigest, ""},
      {"[::1]:5000/a", "[::1]:5000", "a", "", "", ""},
      {"[fe80::1]/a:v1", "[fe80::1]", "a", "v1", "", ""},
      {"127.0.0.1:65535/a", "127.0.0.1:65535", "a", "", "", ""},
      {"oci://registry.ocm-system.svc:5000/sha-1:latest", "registry.ocm-system.svc:5000", "sha-1", "latest",
       "", "registry.ocm-system.svc:5000/sha-1:latest"},
      {"http://h.example/a", "h.example", "a", "", "", "h.example/a"},
      {"https://h.example/a", "h.example", "a", "", "", "h.example/a"},
      {"oci://registry/a/b", "registry", "a/b", "", "", ""},
      {"https://registry/a", "registry", "a", "", "", "oci://registry/a"},
  };
  for (const Parts& parts : cases) {
    const auto reference = Reference::parse(parts.text);
    ASSERT_TRUE(reference) << parts.text << ": " << reference.error().message;
    EXPECT_EQ(reference->registry, parts.registry) << parts.text;
    EXPECT_EQ(reference->repository.str(), parts.repository) << parts.text;
    EXPECT_EQ(reference->tag ? reference->tag->str() : "", parts.tag) << parts.text;
    EXPECT_EQ(reference->digest ? reference->digest->to_string() : "", parts.digest) << parts.text;
    const std::string written = parts.written.empty() ? parts.text : parts.written;
    EXPECT_EQ(reference->to_string(), written);
    EXPECT_EQ(Reference::parse(written)->to_string(), written);
  }
}

TEST(Reference, Refuses) {
  for (const std::string& text : {std::string(),
                                  std::string("/a"),
                                  std::string("a/"),
                                  std::string("A/b"),
                                  std::string("a:"),
                                  std::string("a@"),
                                  std::string("a@v1"),
                                  std::string("@" + kDigest),
                                  std::string("a:v1:v2"),
                                  "a@" + kDigest + "@x",
                                  std::string("oci://"),
                                  std::string("oci://host"),
                                  std::string("oci:///a"),
                                  std::string("ftp://h.example/a"),
                                  std::string("h.example:0/a"),
                                  std::string("h.example:65536/a"),
                                  std::string("h.example:/a"),
                                  std::string("h.example:+1/a"),
                                  std::string("h.example:8x/a"),
                                  std::string("user@h.example/a"),
                                  std::string("[::1/a"),
                                  std::string("[::g]/a"),
                                  std::string("[::1]5000/a"),
                                  std::string("[::1\0]/a", 8),
                                  std::string("h_.example/a"),
                                  std::string(".example/a"),
                                  std::string("h.example/a b")}) {
    const auto reference = Reference::parse(text);
    ASSERT_FALSE(reference) << text;
    EXPECT_EQ(reference.error().code, Code::kInvalid) << text;
    EXPECT_FALSE(reference.error().message.empty()) << text;
  }
}

TEST(Reference, TargetIsTheDigestThenTheTagThenLatest) {
  EXPECT_EQ(to_string(Reference::parse("a:v1@" + kDigest)->target()), kDigest);
  EXPECT_EQ(to_string(Reference::parse("a:v1")->target()), "v1");
  EXPECT_EQ(to_string(Reference::parse("a")->target()), "latest");
}

}  // namespace
}  // namespace lamina
