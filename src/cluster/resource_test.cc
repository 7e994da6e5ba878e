// SPDX-License-Identifier: Apache-2.0
#include "cluster/resource.h"

#include <gtest/gtest.h>

#include "cluster/json_read.h"

namespace lamina::cluster {
namespace {

TEST(IdentityLabels, AreDigestsOfKeysAndValues) {
  // printf component-name | sha256sum | cut -c1-16; printf github.com/acme/podinfo | sha256sum | cut -c1-32
  const auto labels = identity_labels({{"component-name", "github.com/acme/podinfo"}});
  const std::map<std::string, std::string> expected{
      {"id.lamina.dev/7b3a0a49f612b997", "4684d9a102e50db3cf3327a3e22e3739"}};
  EXPECT_EQ(labels, expected);
  EXPECT_EQ(identity_selector({{"component-name", "github.com/acme/podinfo"}}),
            "id.lamina.dev/7b3a0a49f612b997=4684d9a102e50db3cf3327a3e22e3739");
  EXPECT_EQ(identity_selector({{"a", ""}, {"b", "x"}}).find(','), 14U + 16 + 1 + 32);
}

Published artifact() {
  return {.registry = "r",
          .repository = RepositoryName::parse("team/x").value(),
          .tags = {},
          .manifest = {.media_type = "m", .digest = Digest::of("m"), .size = 1},
          .layer = {.media_type = "l", .digest = Digest::of("l"), .size = 2},
          .identity = {},
          .url = "https://h:1/base/files/team/x/f.tar.gz"};
}

TEST(OciArtifactJson, TheAnnotationTellsWhatWasApplied) {
  const auto applied = [](const PublishOptions& options, const ResourceOptions& resource) {
    const auto json = oci::parse_json(oci_artifact_json("team", "x", artifact(), options, resource)).value();
    return map_at(json, "metadata.annotations")[std::string(kAppliedAnnotation)];
  };
  PublishOptions options;
  const std::string first = applied(options, {});
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(first, applied(options, {}));
  options.metadata = {{"k", "v"}};
  EXPECT_NE(first, applied(options, {}));
  EXPECT_NE(first, applied({}, {.owner = ObjectId{"v1", "ConfigMap", "team", "c", "u"}}));
}

TEST(StatusJson, PathAndRevisionFollowFromTheArtifact) {
  PublishOptions options;
  const ObjectId producer{"demo.example/v1", "Build", "team", "b", "u"};
  const auto json = oci::parse_json(status_artifact_json(producer, artifact(), options, UnixTime{})).value();
  EXPECT_EQ(text_at(json, "metadata.uid"), "u");
  EXPECT_EQ(text_at(json, "status.artifact.path"), "base/files/team/x/f.tar.gz");
  EXPECT_EQ(text_at(json, "status.artifact.revision"), "latest@" + Digest::of("l").to_string());
  EXPECT_EQ(text_at(json, "status.artifact.lastUpdateTime"), "1970-01-01T00:00:00Z");
  options.revision = "main@sha1:0";
  EXPECT_EQ(revision_of(artifact(), options), "main@sha1:0@" + Digest::of("l").to_string());
}

TEST(Contains, LooksForEveryMemberAndElement) {
  const struct {
    const char* whole;
    const char* part;
    bool expected;
  } kCases[] = {
      {R"({"a":1,"b":{"c":[1,2]}})", R"({"b":{"c":[2]}})", true},
      {R"({"a":1})", R"({"a":1,"b":2})", false},
      {R"({"a":1})", R"({"a":"1"})", false},
      {R"({"a":true})", R"({"a":false})", false},
      {R"({"a":1.5})", R"({"a":1.5})", true},
      {R"({"a":[{"k":"v","x":1}]})", R"({"a":[{"k":"v"}]})", true},
      {R"({"a":[]})", R"({"a":[{"k":"v"}]})", false},
      {R"({"a":"x"})", R"({"a":{"b":1}})", false},
      {R"({})", R"({})", true},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(contains(oci::parse_json(c.whole).value(), oci::parse_json(c.part).value()), c.expected)
        << c.whole << " " << c.part;
  }
}

}  // namespace
}  // namespace lamina::cluster
