// SPDX-License-Identifier: Apache-2.0
#include "cmd/push.h"

#include <gtest/gtest.h>

#include "cmd/command_line.h"
#include "cmd/testing/fake_process.h"

namespace lamina::cmd {
namespace {

Result<PushPlan> plan_of(std::vector<std::string> words) {
  PushArguments arguments;
  Command command;
  command.name = "push";
  declare(command, arguments);
  LAMINA_TRY(parse_command_line(command, words, {}, FakeProcess().surroundings));
  return plan(arguments);
}

std::vector<std::string> texts(const std::vector<Tag>& tags) {
  std::vector<std::string> made;
  for (const Tag& tag : tags) made.push_back(tag.str());
  return made;
}

TEST(Push, TheIdentityNamesRepositoryAndTag) {
  const auto plan = plan_of({"d", "-i", "component-name=a", "-i", "component-version=1.0+x"});
  ASSERT_TRUE(plan) << plan.error().message;
  const Identity identity{{"component-name", "a"}, {"component-version", "1.0+x"}};
  EXPECT_EQ(plan->target.repository, repository_of(identity).value());
  EXPECT_EQ(plan->target.tag->str(), "1.0_x");
  EXPECT_EQ(plan->target.registry, "127.0.0.1:5000");
  EXPECT_EQ(plan->options.identity, identity);
  EXPECT_TRUE(plan->options.tags.empty());
}

TEST(Push, TheFirstTagTakesThePlaceOfTheVersion) {
  const auto plan = plan_of({"d", "-i", "component-name=a", "--tenant", "team", "-t", "x", "-t", "y"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->target.repository.str().starts_with("team/sha256-"));
  EXPECT_EQ(plan->target.tag->str(), "x");
  EXPECT_EQ(texts(plan->options.tags), std::vector<std::string>{"y"});
}

TEST(Push, AReferenceWinsOverTheIdentity) {
  const auto plan = plan_of({"d", "r.example:5/a/b:1", "-i", "k=v", "-t", "1", "-t", "2"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->target.to_string(), "r.example:5/a/b:1");
  EXPECT_EQ(plan->options.identity, (Identity{{"k", "v"}}));
  EXPECT_EQ(texts(plan->options.tags), std::vector<std::string>{"2"});
}

TEST(Push, HandsEverythingOn) {
  const std::string digest = Digest::of("x").to_string();
  const auto plan = plan_of({"-",
                             "a/b",
                             "--profile",
                             "flux",
                             "--mode",
                             "standard",
                             "--media-type",
                             "m/t",
                             "--artifact-type",
                             "a/t",
                             "--oci-config-type",
                             "c/t",
                             "-a",
                             "k=v=w",
                             "--revision",
                             "main",
                             "--source",
                             "url",
                             "--created",
                             "2024-01-02T03:04:05Z",
                             "--if-match",
                             digest,
                             "--ttl",
                             "24h",
                             "--ignore",
                             "*.md",
                             "--ignore-defaults",
                             "--no-source-ignore",
                             "--keep-modes",
                             "--no-gzip"});
  ASSERT_TRUE(plan) << plan.error().message;
  const PushOptions& options = plan->options;
  EXPECT_EQ(options.profile, Profile::kFlux);
  EXPECT_EQ(options.mode, PublishMode::kStandard);
  EXPECT_EQ(options.media_type, "m/t");
  EXPECT_EQ(options.artifact_type, "a/t");
  EXPECT_EQ(options.config_media_type, "c/t");
  EXPECT_EQ(options.annotations, (Annotations{{"k", "v=w"},
                                              {"org.opencontainers.image.created", "2024-01-02T03:04:05Z"},
                                              {"org.opencontainers.image.revision", "main"},
                                              {"org.opencontainers.image.source", "url"}}));
  EXPECT_EQ(options.if_match->to_string(), digest);
  EXPECT_FALSE(options.if_none_match);
  EXPECT_EQ(options.ttl, std::chrono::hours(24));
  EXPECT_EQ(plan->pack.modes, PackModes::kKept);
  EXPECT_FALSE(plan->pack.gzip);
  EXPECT_TRUE(plan->pack.ignore.flux_defaults);
  EXPECT_FALSE(plan->pack.ignore.source_ignore_files);
  EXPECT_EQ(plan->pack.ignore.patterns, std::vector<std::string>{"*.md"});
}

TEST(Push, RefusesWhatCannotBeMeant) {
  const struct {
    std::vector<std::string> words;
    std::string_view expected;
  } kCases[] = {
      {{"d"}, "expected REFERENCE, --identity KEY=VALUE..., or both"},
      {{"", "a:1"}, "PATH: expected a file, a directory or -, found ''"},
      {{"d", "a:1", "--created", "yesterday"}, "--created: expected a time such as 2024-01-02T03:04:05Z"},
      {{"d", "a:1", "--ttl", "999999d"}, "--ttl: expected at most 365000d, found '999999d'"},
      {{"d", "UPPER"}, "REFERENCE: "},
      {{"d", "a:1", "-t", "?"}, "--tag: "},
      {{"d", "-i", "novalue"}, "identity: expected key=value"},
      {{"d", "-i", "a=1", "-i", "a=2"}, ""},
      {{"d", "a:1", "-a", "novalue"}, "--annotation: expected KEY=VALUE, found 'novalue'"},
      {{"d", "a:1", "-a", "=v"}, "--annotation: expected KEY=VALUE, found '=v'"},
      {{"d", "a:1", "-a", "org.opencontainers.image.source=x", "--source", "y"},
       "annotation org.opencontainers.image.source is given twice"},
      {{"d", "a:1", "--if-absent", "--if-match", Digest::of("x").to_string()},
       "--if-absent contradicts --if-match"},
      {{"d", "a:1", "--ttl", "5"}, "--ttl: expected a duration"},
      {{"d", "a:1", "--profile", "docker"}, "--profile: "},
      {{"d", "-i", "component-name=a", "--scheme", "ocm-v1", "--tenant", "t"}, ""},
  };
  for (const auto& c : kCases) {
    const auto plan = plan_of(c.words);
    ASSERT_FALSE(plan) << c.expected;
    EXPECT_EQ(plan.error().code, Code::kInvalid);
    EXPECT_TRUE(plan.error().message.starts_with(c.expected)) << plan.error().message;
  }
}

}  // namespace
}  // namespace lamina::cmd
