// SPDX-License-Identifier: Apache-2.0
#include "kube/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ResourceType kPod{.group = "", .version = "v1", .plural = "pods", .kind = "Pod"};

std::vector<DiscoveredType> types() {
  const auto type = [](std::string group, std::string version, std::string plural, std::string kind) {
    return ResourceType{std::move(group), std::move(version), std::move(plural), std::move(kind), true};
  };
  return {
      {kPod, "pod", {"po"}},
      {type("metrics.k8s.io", "v1beta1", "pods", "PodMetrics"), "", {}},
      {type("lamina.dev", "v1alpha1", "ociartifacts", "OCIArtifact"), "ociartifact", {"ociart"}},
      {type("a.example", "v2", "widgets", "Widget"), "widget", {}},
      {type("a.example", "v1", "widgets", "Widget"), "widget", {}},
      {type("b.example", "v1", "widgets", "Widget"), "widget", {}},
      {type("v3.example", "v1", "gadgets", "Gadget"), "gadget", {}},
  };
}

TEST(Discovery, TypesAreFoundByTheirNames) {
  const auto all = types();
  for (const char* name : {"pods", "pod", "Pod", "po", "PO", "pods.v1", "Pod.v1", "pods.", "pods.v1."}) {
    EXPECT_EQ(match_type(all, name), kPod) << name;
  }
  for (const char* name : {"OCIArtifact", "ociartifacts", "ociartifact", "ociart", "ociartifacts.lamina.dev",
                           "OCIArtifact.Lamina.dev", "ociart.v1alpha1.lamina.dev"}) {
    EXPECT_EQ(match_type(all, name), all[2].type) << name;
  }
  EXPECT_EQ(match_type(all, "podmetrics"), all[1].type);
  EXPECT_EQ(match_type(all, "pods.metrics.k8s.io"), all[1].type);
  EXPECT_EQ(match_type(all, "widgets.a.example"), all[3].type);
  EXPECT_EQ(match_type(all, "widgets.v1.a.example"), all[4].type);
  EXPECT_EQ(match_type(all, "gadgets.v3.example"), all[6].type);
  EXPECT_EQ(match_type(all, "gadgets.v1.v3.example"), all[6].type);
}

TEST(Discovery, UnknownAndAmbiguousNames) {
  const auto all = types();
  for (const char* name : {"", ".", "nothing", "pods.v2", "ociartifacts.example", "widgets.v3.a.example"}) {
    const auto type = match_type(all, name);
    ASSERT_FALSE(type) << name;
    EXPECT_EQ(type.error().code, Code::kNotFound) << name;
  }
  const auto widget = match_type(all, "Widget");
  ASSERT_FALSE(widget);
  EXPECT_EQ(widget.error().code, Code::kInvalid);
  EXPECT_THAT(widget.error().message, HasSubstr(": widgets.a.example, widgets.b.example"));
}

TEST(Discovery, AggregatedAnswerIsRead) {
  const auto types =
      read_aggregated_discovery(R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2",
    "items":[{"metadata":{"name":"lamina.dev"},"versions":[{"version":"v1alpha1","freshness":"Current","resources":[
      {"resource":"ociartifacts","responseKind":{"group":"lamina.dev","version":"v1alpha1","kind":"OCIArtifact"},
       "scope":"Namespaced","singularResource":"ociartifact","shortNames":["ociart"],
       "subresources":[{"subresource":"status"}]},
      {"resource":"all","responseKind":{"kind":"All"},"scope":"Cluster"}]}]}]})");
  ASSERT_TRUE(types) << types.error().message;
  ASSERT_EQ(types->size(), 2U);
  EXPECT_EQ((*types)[0].type, (ResourceType{"lamina.dev", "v1alpha1", "ociartifacts", "OCIArtifact", true}));
  EXPECT_EQ((*types)[0].singular, "ociartifact");
  EXPECT_THAT((*types)[0].short_names, ElementsAre("ociart"));
  EXPECT_FALSE((*types)[1].type.namespaced);
  EXPECT_EQ(read_aggregated_discovery(R"({"kind":"APIGroupList"})").error().code, Code::kUnsupported);
  EXPECT_EQ(read_aggregated_discovery("<html>").error().code, Code::kInvalid);
}

TEST(Discovery, AnswersOfOldServersAreRead) {
  const auto versions = read_group_versions(R"({"kind":"APIGroupList","groups":[{"name":"g","versions":[
    {"groupVersion":"g/v1"},{"groupVersion":"g/v2"}],"preferredVersion":{"groupVersion":"g/v2"}}]})");
  ASSERT_TRUE(versions);
  EXPECT_THAT(*versions, ElementsAre("g/v2", "g/v1"));
  EXPECT_THAT(*read_group_versions(R"({"kind":"APIVersions","versions":["v1"]})"), ElementsAre("v1"));

  const auto types = read_resource_list(R"({"kind":"APIResourceList","groupVersion":"v1","resources":[
    {"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","shortNames":["po"]},
    {"name":"pods/status","namespaced":true,"kind":"Pod"}]})");
  ASSERT_TRUE(types);
  ASSERT_EQ(types->size(), 1U);
  EXPECT_EQ((*types)[0].type, kPod);
  EXPECT_EQ((*read_resource_list(R"({"groupVersion":"g/v2","resources":[{"name":"x","kind":"X"}]})"))[0].type,
            (ResourceType{"g", "v2", "x", "X", false}));
}

}  // namespace
}  // namespace lamina::kube
