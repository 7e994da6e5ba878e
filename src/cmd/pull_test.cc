// SPDX-License-Identifier: Apache-2.0
#include "cmd/pull.h"

#include <gtest/gtest.h>

#include "cmd/command_line.h"
#include "cmd/testing/fake_process.h"

namespace lamina::cmd {
namespace {

Result<PullPlan> plan_of(std::vector<std::string> words) {
  PullArguments arguments;
  Command command;
  command.name = "pull";
  declare(command, arguments);
  LAMINA_TRY(parse_command_line(command, words, {}, FakeProcess().surroundings));
  return plan(arguments);
}

TEST(Pull, ToAFile) {
  const auto plan = plan_of({"a/b:1", "--to", "f", "--decompress", "--max-size", "100MiB", "--layer", "2",
                             "--platform", "linux/arm64"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->reference->to_string(), "a/b:1");
  EXPECT_EQ(std::get<FileDestination>(plan->destination).path, "f");
  EXPECT_TRUE(plan->options.decompress);
  EXPECT_EQ(plan->options.max_size, std::uint64_t{100} << 20);
  EXPECT_EQ(plan->options.layer, 2U);
  EXPECT_EQ(plan->options.platform, "linux/arm64");
}

TEST(Pull, ToADirectoryByIdentity) {
  const auto plan =
      plan_of({"-i", "k=v", "-t", "2", "--to", "d", "--unpack", "--links", "skip", "--layer-type", "a/b"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->reference->repository, repository_of({{"k", "v"}}).value());
  EXPECT_EQ(plan->reference->tag->str(), "2");
  const auto& directory = std::get<DirectoryDestination>(plan->destination);
  EXPECT_EQ(directory.path, "d");
  EXPECT_EQ(directory.unpack.links, LinkPolicy::kSkip);
  EXPECT_EQ(plan->options.layer_media_type, "a/b");
}

TEST(Pull, WhatAnObjectRefersTo) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--for", "OCIArtifact/team/podinfo", "--to", "f"},
        {"OCIArtifact/team/podinfo", "--to", "f"}}) {
    const auto plan = plan_of(words);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_FALSE(plan->reference);
  }
  // What begins with a small letter is a repository.
  EXPECT_EQ(plan_of({"ociartifact/team/podinfo", "--to", "f"})->reference->to_string(),
            "ociartifact/team/podinfo");
}

TEST(Pull, ToStandardOutput) {
  const auto plan = plan_of({"a/b:1", "--to", "-"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(std::holds_alternative<StreamDestination>(plan->destination));
}

TEST(Pull, RefusesWhatCannotBeMeant) {
  const std::string digest = Digest::of("x").to_string();
  const struct {
    std::vector<std::string> words;
    std::string_view expected;
  } kCases[] = {
      {{"--to", "f"}, "expected either REFERENCE or --identity KEY=VALUE..."},
      {{"a:1", "-i", "k=v", "--to", "f"}, "expected either REFERENCE or --identity KEY=VALUE..."},
      {{"a:1", "-t", "2", "--to", "f"}, "--tag goes with --identity"},
      {{"a:1"}, "expected --to PATH"},
      {{"a:1", "--for", "A/b/c", "--to", "f"}, "an object names the artifact; leave REFERENCE"},
      {{"A/b/c", "-i", "k=v", "--to", "f"}, "an object names the artifact; leave REFERENCE"},
      {{"A/b/c", "--blob", digest, "--to", "f"}, "an object names the content; leave --blob out"},
      {{"--for", "A/b", "--to", "f"}, "--for: expected KIND/NAMESPACE/NAME"},
      {{"A//c", "--to", "f"}, "REFERENCE: expected KIND/NAMESPACE/NAME"},
      {{"OCIArtifact/podinfo", "--to", "f"}, "REFERENCE: expected KIND/NAMESPACE/NAME"},
      {{"R.example/Podinfo", "--to", "f"}, "REFERENCE: expected a repository name"},
      {{"a:1", "--to", "-", "--unpack"}, "--unpack needs a directory"},
      {{"a:1", "--to", "d", "--unpack", "--decompress"}, "--unpack decompresses already"},
      {{"a:1", "--to", "f", "--layer", "1", "--layer-type", "a/b"}, "--layer contradicts --layer-type"},
      {{"a:1", "--to", "f", "--blob", digest, "--layer", "1"}, "--blob names the content"},
      {{"a:1", "--to", "f", "--max-size", "-1"}, "--max-size: expected a size"},
  };
  for (const auto& c : kCases) {
    const auto plan = plan_of(c.words);
    ASSERT_FALSE(plan) << c.expected;
    EXPECT_EQ(plan.error().code, Code::kInvalid);
    EXPECT_TRUE(plan.error().message.starts_with(c.expected)) << plan.error().message;
  }
}

TEST(ArtifactArguments, SayByWhatIdentityNothingWasFound) {
  ArtifactArguments arguments;
  arguments.identity.pairs = {"a=1", "b=2"};
  const Reference reference = arguments.resolve("r.example").value();
  const Error absent{Code::kNotFound, About::kManifest, "404"};
  const std::string message = arguments.explain(absent, reference).message;
  EXPECT_TRUE(message.starts_with("there is no " + reference.to_string() + ", ")) << message;
  EXPECT_TRUE(message.ends_with("`lamina find a=1 b=2`")) << message;
  EXPECT_EQ(arguments.explain({Code::kNotFound, About::kBlob, "no layer"}, reference).message, "no layer");
  EXPECT_EQ(arguments.explain({Code::kDenied, About::kManifest, "no"}, reference).message, "no");
  EXPECT_EQ(ArtifactArguments{}.explain(absent, reference).message, "404");
}

}  // namespace
}  // namespace lamina::cmd
