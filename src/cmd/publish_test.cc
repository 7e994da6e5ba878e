// SPDX-License-Identifier: Apache-2.0
#include "cmd/publish.h"

#include <gtest/gtest.h>

#include "cmd/command_line.h"
#include "cmd/testing/fake_process.h"

namespace lamina::cmd {
namespace {

Result<PublishPlan> plan_of(std::vector<std::string> words) {
  PublishArguments arguments;
  Command command;
  command.name = "publish";
  declare(command, arguments);
  LAMINA_TRY(parse_command_line(command, words, {}, FakeProcess().surroundings));
  return plan(arguments);
}

TEST(Publish, HandsEverythingOn) {
  const auto plan = plan_of({"d",
                             "--as",
                             "team/podinfo",
                             "-i",
                             "k=v",
                             "-t",
                             "1",
                             "--revision",
                             "main",
                             "-m",
                             "a=b",
                             "-m",
                             "c=d=e",
                             "--owner",
                             "deploy.apps/x",
                             "--export",
                             "ExternalArtifact",
                             "--export",
                             "Snapshot=s",
                             "--keep-for",
                             "5m",
                             "--keep-last",
                             "3",
                             "--interval",
                             "2h",
                             "--profile",
                             "flux",
                             "--media-type",
                             "m/t",
                             "-a",
                             "x=y",
                             "--ttl",
                             "10m",
                             "--field-manager",
                             "me",
                             "--force-conflicts"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->namespace_name, "team");
  EXPECT_EQ(plan->name, "podinfo");
  const PublishOptions& options = plan->options;
  EXPECT_EQ(options.push.identity, (Identity{{"k", "v"}}));
  EXPECT_EQ(options.push.tags.front().str(), "1");
  EXPECT_EQ(options.push.profile, Profile::kFlux);
  EXPECT_EQ(options.push.media_type, "m/t");
  EXPECT_EQ(options.push.annotations, (Annotations{{"x", "y"}}));
  EXPECT_EQ(options.push.ttl, std::chrono::minutes(10));
  EXPECT_FALSE(options.target);
  EXPECT_EQ(options.revision, "main");
  EXPECT_EQ(options.metadata, (std::map<std::string, std::string>{{"a", "b"}, {"c", "d=e"}}));
  EXPECT_EQ(options.field_manager, "me");
  EXPECT_TRUE(options.force);
  const ResourceOptions& resource = plan->resource;
  EXPECT_EQ(resource.owner->kind, "deploy.apps");
  EXPECT_EQ(resource.owner->name, "x");
  EXPECT_EQ(resource.retention_ttl, std::chrono::minutes(5));
  EXPECT_EQ(resource.keep_last, 3U);
  EXPECT_EQ(resource.interval, std::chrono::hours(2));
  ASSERT_EQ(resource.exports.size(), 2U);
  EXPECT_EQ(resource.exports.front().kind, "ExternalArtifact");
  EXPECT_EQ(resource.exports.back().name, "s");
}

TEST(Publish, NamesTheRepository) {
  EXPECT_EQ(plan_of({"d", "r.example/a/b:1", "--as", "n/m"})->options.target->to_string(), "r.example/a/b:1");
  const auto tenant = plan_of({"d", "--as", "n/m", "-i", "k=v", "--tenant", "other"});
  ASSERT_TRUE(tenant) << tenant.error().message;
  EXPECT_TRUE(tenant->options.target->repository.str().starts_with("other/sha256-"));
}

TEST(Publish, IntoAStatus) {
  const auto plan = plan_of({"d", "--status-of", "Build/team/x", "-i", "k=v", "--status-form", "artifact"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->name, "");
}

TEST(Publish, RefusesWhatCannotBeMeant) {
  const struct {
    std::vector<std::string> words;
    std::string_view expected;
  } kCases[] = {
      {{"d", "-i", "k=v"}, "expected either --as NAMESPACE/NAME or --status-of"},
      {{"d", "-i", "k=v", "--as", "a/b", "--status-of", "A/b/c"},
       "expected either --as NAMESPACE/NAME or --status-of"},
      {{"", "--as", "a/b", "-i", "k=v"}, "PATH: expected"},
      {{"d", "--as", "a/b"}, "expected REFERENCE, --identity KEY=VALUE..., or both"},
      {{"d", "-i", "k=v", "--as", "a"}, "--as: expected NAMESPACE/NAME, found 'a'"},
      {{"d", "-i", "k=v", "--as", "/a"}, "--as: expected NAMESPACE/NAME, found '/a'"},
      {{"d", "-i", "k=v", "--as", "a/b/c"}, "--as: expected NAMESPACE/NAME, found 'a/b/c'"},
      {{"d", "-i", "k=v", "--status-of", "a/b"}, "--status-of: expected KIND/NAMESPACE/NAME"},
      {{"d", "-i", "k=v", "--as", "a/b", "--owner", "x"}, "--owner: expected KIND/NAME, found 'x'"},
      {{"d", "-i", "k=v", "--as", "a/b", "--export", "Deployment"},
       "--export: expected one of ExternalArtifact|"},
      {{"d", "-i", "k=v", "--as", "a/b", "-m", "x"}, "--metadata: expected KEY=VALUE, found 'x'"},
      {{"d", "-i", "k=v", "--as", "a/b", "-m", "x=1", "-m", "x=2"}, "--metadata: x is given twice"},
      {{"d", "-i", "k=v", "--as", "a/b", "--registry-secret", "s"},
       "--registry-secret and --registry-cert-secret go"},
      {{"d", "-i", "k=v", "--as", "a/b", "--status-form", "artifact"}, "--status-form goes with --status-of"},
      {{"d", "-i", "k=v", "--status-of", "A/b/c", "--export", "Snapshot"}, "--owner, --export,"},
  };
  for (const auto& c : kCases) {
    const auto plan = plan_of(c.words);
    ASSERT_FALSE(plan) << c.expected;
    EXPECT_EQ(plan.error().code, Code::kInvalid);
    EXPECT_TRUE(plan.error().message.starts_with(c.expected)) << plan.error().message;
  }
}

TEST(KubernetesArguments, AKubeconfigThatIsNotThereIsNamed) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"resolve", "OCIArtifact/a/b"},
                                                {"pull", "--for", "x/a/b", "--to", "/nonexistent/x"},
                                                {"verify", "--for", "x/a/b"},
                                                {"find", "--kube", "k=v"},
                                                {"publish", "/etc/hostname", "--as", "a/b", "-i", "k=v"}}) {
    FakeProcess process;
    process.variables["LAMINA_KUBECONFIG"] = "/nonexistent/kubeconfig";
    EXPECT_EQ(process.run(words), 3) << words.front();
    EXPECT_NE(process.err().find("/nonexistent/kubeconfig"), std::string::npos) << process.err();
  }
}

}  // namespace
}  // namespace lamina::cmd
