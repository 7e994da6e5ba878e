// SPDX-License-Identifier: Apache-2.0
#include "kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace lamina::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

/// A folder with files.
class KubeconfigTest : public ::testing::Test {
 protected:
  KubeconfigTest() {
    std::string name = (std::filesystem::temp_directory_path() / "kubeconfig-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~KubeconfigTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file(const std::filesystem::path& name, std::string_view text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  /// One context whose cluster and user are these.
  static std::string kubeconfig(const std::string& cluster, const std::string& user) {
    return "current-context: c\n"
           "contexts: [{name: c, context: {cluster: k, user: u, namespace: team-a}}]\n"
           "clusters: [{name: k, cluster: {server: 'https://k:6443/'" +
           cluster +
           "}}]\n"
           "users: [{name: u, user: {" +
           user + "}}]\n";
  }
  Result<Config> load(const std::string& text) {
    return load_config({.kubeconfig = file("config", text), .context = {}}, {});
  }

  std::filesystem::path folder_;
};

TEST_F(KubeconfigTest, ClustersAreReadInAllTheirForms) {
  file("ca.pem", "CA");
  const auto config =
      load(kubeconfig(", certificate-authority: ca.pem, tls-server-name: n, proxy-url: 'socks5://p:1'", ""));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://k:6443");
  EXPECT_EQ(config->namespace_name, "team-a");
  EXPECT_EQ(config->ca, "CA");
  EXPECT_EQ(config->tls_server_name, "n");
  EXPECT_EQ(config->proxy, "socks5h://p:1");
  EXPECT_FALSE(config->insecure_skip_tls_verify);
  EXPECT_EQ(
      load(kubeconfig(", certificate-authority-data: aW5s\n aW5l, certificate-authority: gone.pem", ""))->ca,
      "inline");
  EXPECT_TRUE(load(kubeconfig(", insecure-skip-tls-verify: true", ""))->insecure_skip_tls_verify);
}

TEST_F(KubeconfigTest, UsersAreReadInAllTheirForms) {
  file("tls/crt.pem", "CERTIFICATE");
  file("tls/key.pem", "KEY");
  const auto certificate = load(
      kubeconfig("", "client-certificate: tls/crt.pem, client-key: " + (folder_ / "tls/key.pem").string()));
  ASSERT_TRUE(certificate) << certificate.error().message;
  EXPECT_EQ(certificate->client_certificate, "CERTIFICATE");
  EXPECT_EQ(certificate->client_key, "KEY");
  EXPECT_EQ(load(kubeconfig("", "token: secret"))->token, "secret");
  EXPECT_EQ(load(kubeconfig("", "tokenFile: token"))->token_file, folder_ / "token");
  const auto basic = load(kubeconfig("", "username: me, password: '0123'"));
  EXPECT_EQ(basic->username + ":" + basic->password, "me:0123");
  const auto other =
      load(kubeconfig("", "token: t, as: eve, as-uid: '7', as-groups: [a, b], as-user-extra: {k: [x, y]}"));
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->impersonate_user, "eve");
  EXPECT_EQ(other->impersonate_uid, "7");
  EXPECT_THAT(other->impersonate_groups, ElementsAre("a", "b"));
  EXPECT_THAT(other->impersonate_extra, ElementsAre(Pair("k", "x"), Pair("k", "y")));
}

TEST_F(KubeconfigTest, PluginsAreRead) {
  const auto config = load(kubeconfig(
      "",
      "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/get-token, args: [a, '1'], "
      "env: [{name: N, value: V}], interactiveMode: IfAvailable, provideClusterInfo: true}"));
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->command, folder_ / "./bin/get-token");
  EXPECT_THAT(config->exec->arguments, ElementsAre("a", "1"));
  EXPECT_THAT(config->exec->environment, ElementsAre(Pair("N", "V")));
  EXPECT_EQ(config->exec->api_version, "client.authentication.k8s.io/v1beta1");
  EXPECT_TRUE(config->exec->provide_cluster_info);
  // Without a separator it is searched in PATH.
  EXPECT_EQ(load(kubeconfig("", "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}"))
                ->exec->command,
            "aws");
}

TEST_F(KubeconfigTest, TheFirstDefinitionOfANameWins) {
  file("one/config",
       "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
       "clusters: [{name: k, cluster: {server: 'https://first'}}]\n");
  file("two/config", kubeconfig("", "tokenFile: token"));
  const std::string list = (folder_ / "gone").string() + ":" + (folder_ / "one/config").string() +
                           "::" + (folder_ / "two/config").string();
  const auto config =
      load_config({}, {.kubeconfig = list, .home = {}, .service_host = {}, .service_port = {}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://first");
  EXPECT_EQ(config->namespace_name, "default");
  EXPECT_EQ(config->token_file, folder_ / "two/token");
}

TEST_F(KubeconfigTest, ContextIsChosen) {
  const auto path = file(
      "config",
      "current-context: b\n"
      "contexts: [{name: a, context: {cluster: a}}, {name: b, context: {cluster: b}}]\n"
      "clusters: [{name: a, cluster: {server: 'http://a'}}, {name: b, cluster: {server: 'http://b'}}]\n");
  EXPECT_EQ(load_config({.kubeconfig = path, .context = {}}, {})->server, "http://b");
  EXPECT_EQ(load_config({.kubeconfig = path, .context = "a"}, {})->server, "http://a");
  const auto missing = load_config({.kubeconfig = path, .context = "c"}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kInvalid);
  EXPECT_EQ(missing.error().message, "the kubeconfig has no context named 'c'; it has a, b");
}

TEST_F(KubeconfigTest, PlacesAreTriedInOrder) {
  file("home/.kube/config", kubeconfig("", "token: home"));
  file("account/token", "t");
  file("account/ca.crt", "POD CA");
  file("account/namespace", "pod-space");
  const auto path = file("env", kubeconfig("", "token: env"));
  Surroundings all{.kubeconfig = path,
                   .home = folder_ / "home",
                   .service_host = "fd00::1",
                   .service_port = "6443",
                   .service_account = folder_ / "account"};
  EXPECT_EQ(
      load_config({.kubeconfig = file("given", kubeconfig("", "token: given")), .context = {}}, all)->token,
      "given");
  EXPECT_EQ(load_config({}, all)->token, "env");
  all.kubeconfig.clear();
  const auto pod = load_config({}, all);
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_EQ(pod->server, "https://[fd00::1]:6443");
  EXPECT_EQ(pod->namespace_name, "pod-space");
  EXPECT_EQ(pod->ca, "POD CA");
  EXPECT_EQ(pod->token_file, folder_ / "account/token");
  all.service_host.clear();
  EXPECT_EQ(load_config({}, all)->token, "home");
  all.home = folder_ / "nowhere";
  EXPECT_EQ(load_config({}, all).error().code, Code::kNotFound);
  all.kubeconfig = folder_ / "gone";
  EXPECT_EQ(load_config({}, all).error().code, Code::kNotFound);
  EXPECT_EQ(load_config({.kubeconfig = folder_ / "gone", .context = {}}, all).error().code, Code::kNotFound);
}

TEST_F(KubeconfigTest, FaultsAreNamedAndSecretsAreNot) {
  struct Case {
    std::string text;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"", "has no current-context"},
      {"[]", "expected a kubeconfig"},
      {"a: [hunter2", "config:"},
      {"contexts: {}", "contexts: expected a list"},
      {"users: [7]", "users: expected entries with a name"},
      {"current-context: c\ncontexts: [{name: c, context: {cluster: k}}]", "no cluster named 'k'"},
      {kubeconfig(", certificate-authority-data: 'hunter2'", ""),
       "clusters[k].cluster.certificate-authority-data: expected base64"},
      {kubeconfig(", certificate-authority: gone.pem", ""), "gone.pem: No such file"},
      {kubeconfig(", insecure-skip-tls-verify: maybe", ""),
       "clusters[k].cluster.insecure-skip-tls-verify: expected true or false"},
      {kubeconfig(", insecure-skip-tls-verify: true, certificate-authority-data: Y2E=", ""),
       "exclude each other"},
      {kubeconfig("", "token: [hunter2]"), "users[u].user.token: expected a text"},
      {kubeconfig("", "client-key-data: aHVudGVyMg=="),
       "users[u].user: client-certificate and client-key come together"},
      {kubeconfig("", "auth-provider: {name: gcp}"),
       "users[u].user.auth-provider: Kubernetes has removed these"},
      {kubeconfig("", "exec: {apiVersion: client.authentication.k8s.io/v1}"),
       "users[u].user.exec.command: expected a program"},
      {kubeconfig("", "exec: {command: x, apiVersion: v2}"), "users[u].user.exec.apiVersion: expected"},
      {kubeconfig("",
                  "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}"),
       "wants a terminal"},
      {kubeconfig("", "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, env: {A: hunter2}}"),
       "users[u].user.exec.env: expected a list"},
      {"current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster: "
       "{server: 'k:1'}}]",
       "clusters[k].cluster.server: expected an http or https URL, found 'k:1'"},
  };
  for (const auto& [text, message] : cases) {
    const auto config = load(text);
    ASSERT_FALSE(config) << text;
    EXPECT_THAT(config.error().message, HasSubstr(message)) << text;
    EXPECT_THAT(config.error().message, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace lamina::kube
