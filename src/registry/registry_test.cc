// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include <gmock/gmock.h>

#include "registry/routes.h"
#include "registry/testing/registry_server.h"

namespace lamina::registry {
namespace {

using testing::HasSubstr;

std::string replaced(std::string_view pattern, std::string_view what, std::string_view by) {
  std::string text(pattern);
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

/// A path that the row's pattern fits.
std::string example(const EndpointRow& row) {
  const std::string_view last =
      row.pattern.ends_with("uploads/<last>")
          ? "00000000000000000000000000000001"
          : "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  return replaced(replaced(replaced(row.pattern, "<name>", "team/app"), "<last>", last), "<file>",
                  "layer.tar.gz");
}

TEST(RegistryServer, AnswersItsVersion) {
  RegistryServer server({.advertise_url = {}, .version = "1.2.3"});
  for (const std::string_view path : {"/v2/", "/v2"}) {
    const Reply reply = server.get(path);
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.body, "{}");
    EXPECT_EQ(reply.field("Docker-Distribution-Api-Version"), "registry/2.0");
    EXPECT_EQ(reply.field("Lamina-Version"), "1.2.3");
    EXPECT_EQ(reply.field("Lamina-Advertise-Url"), "");
  }
  RegistryServer advertised({.advertise_url = "https://registry.example/base", .version = {}});
  EXPECT_EQ(advertised.get("/v2/").field("Lamina-Advertise-Url"), "https://registry.example/base");
}

TEST(RegistryServer, IsReadyWhenItIsTold) {
  RegistryServer server;
  EXPECT_EQ(server.get("/livez").status, 200u);
  EXPECT_EQ(server.get("/readyz").status, 503u);
  server.registry().set_ready(true);
  EXPECT_EQ(server.get("/readyz").status, 200u);
  EXPECT_EQ(server.head("/readyz").status, 200u);
  server.registry().set_ready(false);
  EXPECT_EQ(server.get("/readyz").status, 503u);
}

TEST(RegistryServer, EveryEndpointTakesItsOwnMethodsAndNamesThem) {
  RegistryServer server;
  for (const EndpointRow& row : kEndpoints) {
    const std::string path = example(row);
    const Reply own = server.request(row.method, path);
    EXPECT_NE(own.status, 405u) << row.method << ' ' << path << ": " << own.body;
    EXPECT_NE(own.status, 0u) << row.method << ' ' << path;
    EXPECT_LT(own.status, row.endpoint == Endpoint::kReady ? 504u : 500u) << row.method << ' ' << path;

    for (const std::string_view method :
         {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"}) {
      const bool offered = std::ranges::any_of(kEndpoints, [&](const EndpointRow& other) {
        return other.pattern == row.pattern && other.method == (method == "HEAD" ? "GET" : method);
      });
      const Reply reply = server.request(method, path);
      if (offered) {
        EXPECT_NE(reply.status, 405u) << method << ' ' << path;
        continue;
      }
      EXPECT_EQ(reply.status, 405u) << method << ' ' << path;
      if (method != "HEAD") {
        EXPECT_EQ(reply.error_id(), "UNSUPPORTED") << method << ' ' << path;
      }
      EXPECT_THAT(reply.field("Allow"), HasSubstr(row.method)) << method << ' ' << path;
    }
  }
  EXPECT_THAT(server.failures(), testing::IsEmpty());
}

TEST(RegistryServer, AllowListsAllMethodsOfThePath) {
  RegistryServer server;
  EXPECT_EQ(server.request("POST", "/v2/a/blobs/uploads/1").field("Allow"), "GET, HEAD, PATCH, PUT, DELETE");
  EXPECT_EQ(server.request("PUT", "/v2/").field("Allow"), "GET, HEAD");
}

TEST(RegistryServer, UnknownPathsAreAnErrorDocument) {
  RegistryServer server;
  for (const std::string_view path : {"/", "/v1/", "/v2/a", "/v2/a/manifests/", "/v2/a/manifests/b/c",
                                      "/v2/a/tags", "/files/a", "/v2/a/blobs/", "/metrics/x"}) {
    const Reply reply = server.get(path);
    EXPECT_EQ(reply.status, 404u) << path;
    EXPECT_EQ(reply.error_id(), "UNSUPPORTED") << path;
    EXPECT_EQ(reply.field("Content-Type"), "application/json") << path;
  }
}

TEST(RegistryServer, RefusesRepositoryNamesOutsideTheGrammar) {
  RegistryServer server;
  const std::string longest = std::string(200, 'a') + '/' + std::string(54, 'b');
  EXPECT_EQ(server.request("POST", "/v2/" + longest + "/blobs/uploads/").status, 202u) << "255 bytes";

  const std::string names[] = {longest + 'b', std::string(1000, 'a'),
                               "A",           "a/B",
                               "_a",          "_lamina",
                               "_catalog",    "a/_b",
                               "a_",          "a___b",
                               "a..b",        "-a",
                               "a-",          "a/-",
                               "a%20b",       "a%00b",
                               "%C3%A4",      "a%3Ab",
                               "a%25b",       "a*b",
                               "a~b",         "a@b"};
  for (const std::string& name : names) {
    for (const auto& [method, rest] : {std::pair{"GET", "/manifests/v1"},
                                       {"GET", "/tags/list"},
                                       {"POST", "/blobs/uploads/"},
                                       {"POST", "/_lamina/publish"}}) {
      const Reply reply = server.request(method, "/v2/" + name + rest);
      EXPECT_EQ(reply.status, 400u) << method << ' ' << name << rest << ": " << reply.body;
      // A NUL never gets here: HTTP refuses it.
      if (name != "a%00b") {
        EXPECT_EQ(reply.error_id(), "NAME_INVALID") << method << ' ' << name << rest;
      }
    }
  }
}

TEST(RegistryServer, NoPathClimbs) {
  RegistryServer server;
  server.push_image("team/app", "v1");
  for (const std::string_view path :
       {"/v2/../v2/", "/v2/team/%2e%2e/app/manifests/v1", "/v2/team/..%2fapp/manifests/v1",
        "/v2/team%2Fapp/manifests/v1", "/v2/team/app/manifests/%2e%2e", "/v2/team/app/blobs/%2E%2E/v1",
        "/files/team/app/v1/%2e%2e", "/files/team/../app/v1/x", "/v2/./team/app/manifests/v1"}) {
    const Reply reply = server.get(path);
    EXPECT_EQ(reply.status, 400u) << path << ": " << reply.body;
    EXPECT_EQ(reply.error_id(), "UNSUPPORTED") << path;
  }
  EXPECT_EQ(server.get("/v2/team//app/manifests/v1").status, 400u);
  EXPECT_EQ(server.get("/v2/team/app/manifests/v1").status, 200u);
}

TEST(RegistryServer, AFailureOfTheStoreIsLoggedAndNotTold) {
  RegistryServer server;
  server.store().meta.before_read([] { return Error{Code::kInternal, About::kNothing, "disk on fire"}; });
  const Reply reply = server.get("/v2/_catalog");
  server.store().meta.before_read({});
  EXPECT_EQ(reply.status, 500u);
  EXPECT_THAT(reply.body, testing::Not(HasSubstr("fire")));
  EXPECT_THAT(server.failures(), testing::ElementsAre(HasSubstr("GET /v2/_catalog: disk on fire")));
  EXPECT_EQ(server.get("/v2/_catalog").status, 200u);
}

}  // namespace
}  // namespace lamina::registry
