// SPDX-License-Identifier: Apache-2.0
#include "registry/routes.h"

#include <gtest/gtest.h>

#include <set>

namespace lamina::registry {
namespace {

struct Case {
  std::string_view method, path;
  Endpoint endpoint;
  std::string_view name, last;
};

TEST(Routes, FindsTheEndpointAndItsParts) {
  constexpr Case kCases[] = {
      {"GET", "/v2/", Endpoint::kVersion, "", ""},
      {"GET", "/v2", Endpoint::kVersion, "", ""},
      {"HEAD", "/v2/a/b/blobs/sha256:00", Endpoint::kBlobGet, "a/b", "sha256:00"},
      {"POST", "/v2/a/blobs/uploads/", Endpoint::kUploadStart, "a", ""},
      {"PATCH", "/v2/a/blobs/uploads/7", Endpoint::kUploadChunk, "a", "7"},
      {"PUT", "/v2/a/b/c/manifests/v1", Endpoint::kManifestPut, "a/b/c", "v1"},
      {"GET", "/v2/manifests/manifests/manifests", Endpoint::kManifestGet, "manifests", "manifests"},
      {"GET", "/v2/blobs/uploads/tags/list", Endpoint::kTags, "blobs/uploads", ""},
      {"GET", "/v2/_catalog", Endpoint::kCatalog, "", ""},
      {"GET", "/v2/_lamina/search", Endpoint::kSearch, "", ""},
      {"POST", "/v2/a/b/_lamina/publish", Endpoint::kPublish, "a/b", ""},
      {"GET", "/files/a/b/v1/x.tar.gz", Endpoint::kFile, "a/b", "v1"},
      {"GET", "/readyz", Endpoint::kReady, "", ""},
  };
  for (const Case& c : kCases) {
    const auto found = route(c.method, c.path);
    ASSERT_TRUE(found) << c.path << ": " << found.error().message;
    EXPECT_EQ(found->endpoint, c.endpoint) << c.path;
    EXPECT_EQ(found->name, c.name) << c.path;
    EXPECT_EQ(found->last, c.last) << c.path;
  }
}

TEST(Routes, TellsAWrongMethodFromAWrongPath) {
  EXPECT_EQ(route("PUT", "/v2/a/tags/list").error().code, Code::kUnsupported);
  EXPECT_EQ(route("POST", "/v2/_catalog").error().code, Code::kUnsupported);
  for (std::string_view path : {"", "/", "/v3/", "/v2/a", "/v2//manifests/x", "/v2/a/manifests/",
                                "/v2/a/tags", "/v2/a/nothing/x", "/files/a/x", "/files/", "v2/"}) {
    EXPECT_EQ(route("GET", path).error().code, Code::kNotFound) << path;
  }
}

TEST(Routes, EveryEndpointHasARow) {
  std::set<Endpoint> seen;
  for (const auto& row : kEndpoints) seen.insert(row.endpoint);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(Endpoint::kReady) + 1);
}

}  // namespace
}  // namespace lamina::registry
