// SPDX-License-Identifier: Apache-2.0
#include "kube/request.h"

#include <gtest/gtest.h>

namespace lamina::kube {
namespace {

const ResourceType kPod{.group = "", .version = "v1", .plural = "pods", .kind = "Pod"};
const ResourceType kNode{
    .group = "", .version = "v1", .plural = "nodes", .kind = "Node", .namespaced = false};
const ResourceType kArtifact{
    .group = "lamina.dev", .version = "v1alpha1", .plural = "ociartifacts", .kind = "OCIArtifact"};
const std::string kArtifacts = "/apis/lamina.dev/v1alpha1/namespaces/a/ociartifacts";

struct Case {
  const char* name;
  Result<Request> request;
  std::string line;
  std::string what;
  std::string content_type = {};
  std::string body = {};
};

std::vector<Case> cases() {
  const std::string json = R"({"x":1})";
  const std::string bare = "?fieldValidation=Strict";
  return {
      {"get", get_request(kPod, {"a", "x"}), "GET /api/v1/namespaces/a/pods/x", "get pods a/x"},
      {"get of the cluster", get_request(kNode, {"", "n"}), "GET /api/v1/nodes/n", "get nodes n"},
      {"get, namespace of no use", get_request(kNode, {"a", "n"}), "GET /api/v1/nodes/n", "get nodes a/n"},
      {"name with a colon", get_request(kNode, {"", "system:x y"}), "GET /api/v1/nodes/system:x%20y",
       "get nodes system:x y"},
      {"list all", list_request(kArtifact, {}, {}), "GET /apis/lamina.dev/v1alpha1/ociartifacts?limit=500",
       "list ociartifacts"},
      {"list some",
       list_request(
           kArtifact,
           {.namespace_name = "a", .label_selector = "k in (v,w)", .field_selector = "x=y", .limit = 2},
           "to/ken="),
       "GET " + kArtifacts +
           "?labelSelector=k%20in%20%28v%2Cw%29&fieldSelector=x%3Dy&limit=2&continue=to%2Fken%3D",
       "list ociartifacts in a"},
      {"list in one page", list_request(kPod, {.limit = 0}, {}), "GET /api/v1/pods", "list pods"},
      {"watch", watch_request(kPod, {.namespace_name = "a", .resource_version = "7"}),
       "GET "
       "/api/v1/namespaces/a/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=7",
       "watch pods in a"},
      {"watch with initial events",
       watch_request(kPod,
                     {.label_selector = "k=v", .initial_events = true, .timeout = std::chrono::seconds(5)}),
       "GET /api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=5&labelSelector=k%3Dv"
       "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
       "watch pods"},
      {"create", create_request(kArtifact, "a", json, {}), "POST " + kArtifacts + bare,
       "create ociartifacts in a", "application/json", json},
      {"create with all options",
       create_request(kArtifact, "a", json, {.field_manager = "me", .dry_run = true, .strict = false}),
       "POST " + kArtifacts + "?fieldManager=me&dryRun=All", "create ociartifacts in a", "application/json",
       json},
      {"update", update_request(kArtifact, {"a", "x"}, json, {}), "PUT " + kArtifacts + "/x" + bare,
       "update ociartifacts a/x", "application/json", json},
      {"update of a status", update_request(kArtifact, {"a", "x"}, json, {.subresource = "status"}),
       "PUT " + kArtifacts + "/x/status" + bare, "update ociartifacts a/x", "application/json", json},
      {"apply", patch_request(kArtifact, {"a", "x"}, PatchType::kApply, json, {.field_manager = "me"}),
       "PATCH " + kArtifacts + "/x?force=false&fieldManager=me", "apply ociartifacts a/x",
       "application/apply-patch+yaml", json},
      {"apply of a status by force",
       patch_request(kArtifact, {"a", "x"}, PatchType::kApply, json,
                     {.subresource = "status", .field_manager = "me", .force = true}),
       "PATCH " + kArtifacts + "/x/status?force=true&fieldManager=me", "apply ociartifacts a/x",
       "application/apply-patch+yaml", json},
      {"merge", patch_request(kArtifact, {"a", "x"}, PatchType::kMerge, json, {}),
       "PATCH " + kArtifacts + "/x", "patch ociartifacts a/x", "application/merge-patch+json", json},
      {"JSON patch", patch_request(kArtifact, {"a", "x"}, PatchType::kJson, "[]", {}),
       "PATCH " + kArtifacts + "/x", "patch ociartifacts a/x", "application/json-patch+json", "[]"},
      {"remove", remove_request(kArtifact, {"a", "x"}, {}), "DELETE " + kArtifacts + "/x",
       "delete ociartifacts a/x", "application/json",
       R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})"},
      {"remove one version",
       remove_request(kArtifact, {"a", "x"},
                      {.propagation = Propagation::kOrphan, .uid = "u", .resource_version = "7"}),
       "DELETE " + kArtifacts + "/x", "delete ociartifacts a/x", "application/json",
       R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan",)"
       R"("preconditions":{"uid":"u","resourceVersion":"7"}})"},
      {"remove, dependents first",
       remove_request(kPod, {"a", "x"}, {.propagation = Propagation::kForeground}),
       "DELETE /api/v1/namespaces/a/pods/x", "delete pods a/x", "application/json",
       R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground"})"},
  };
}

TEST(Request, SaysWhatTheVerbMeans) {
  for (const Case& expected : cases()) {
    SCOPED_TRACE(expected.name);
    ASSERT_TRUE(expected.request) << expected.request.error().message;
    EXPECT_EQ(expected.request->method + " " + expected.request->target, expected.line);
    EXPECT_EQ(expected.request->what, expected.what);
    EXPECT_EQ(expected.request->content_type, expected.content_type);
    EXPECT_EQ(expected.request->body, expected.body);
    EXPECT_EQ(expected.request->accept, "application/json");
  }
}

TEST(Request, AsksForMetadataOnly) {
  const std::string metadata =
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  const WriteOptions options{.field_manager = "me", .metadata_only = true};
  EXPECT_EQ(create_request(kPod, "a", "{}", options)->accept, metadata);
  EXPECT_EQ(update_request(kPod, {"a", "x"}, "{}", options)->accept, metadata);
  EXPECT_EQ(patch_request(kPod, {"a", "x"}, PatchType::kApply, "{}", options)->accept, metadata);
}

TEST(Request, NamesCannotChangeThePath) {
  for (const char* name : {"", ".", "..", "a/b", "a%2fb"}) {
    SCOPED_TRACE(name);
    const ObjectKey key{"a", name};
    EXPECT_FALSE(get_request(kPod, key));
    EXPECT_FALSE(update_request(kPod, key, "{}", {}));
    EXPECT_FALSE(patch_request(kPod, key, PatchType::kMerge, "{}", {}));
    EXPECT_FALSE(remove_request(kPod, key, {}));
    EXPECT_FALSE(remove_request(kPod, {name, "x"}, {}));
    EXPECT_FALSE(create_request(kPod, name, "{}", {}));
    if (*name != '\0') {
      EXPECT_FALSE(list_request(kPod, {.namespace_name = name}, {}));
      EXPECT_FALSE(watch_request(kPod, {.namespace_name = name}));
    }
  }
  EXPECT_EQ(get_request(kPod, {"a", "b?c#d&e"})->target, "/api/v1/namespaces/a/pods/b%3Fc%23d%26e");
}

TEST(Request, ApplyNeedsAManager) {
  const auto request = patch_request(kPod, {"a", "x"}, PatchType::kApply, "{}", {});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lamina::kube
