// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/api.h"
#include "lamina/result.h"

namespace lamina::kube {

/// Where to find the API server and who to be.
struct ConfigOptions {
  std::filesystem::path kubeconfig;  ///< Wins over everything else; empty: see load_config().
  std::string context;               ///< Of the kubeconfig; empty: its current-context.
};

/// `exec` of a kubeconfig user: a program that prints an ExecCredential.
struct ExecPlugin {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string api_version;  ///< client.authentication.k8s.io/v1 or v1beta1
  bool provide_cluster_info = false;
};

/// Everything that is needed to reach one API server as one user. PEM is held as text.
struct Config {
  std::string server;  ///< https://host:port[/path]
  std::string namespace_name = "default";
  std::string ca;               ///< PEM; empty: the system's roots.
  std::string tls_server_name;  ///< Name in the certificate; empty: the host of `server`.
  std::string proxy;            ///< URL; empty: the environment decides.
  bool insecure_skip_tls_verify = false;

  std::string client_certificate;  ///< PEM
  std::string client_key;          ///< PEM
  std::string token;
  std::filesystem::path token_file;  ///< Read again about every minute; wins over `token`.
  std::string username;
  std::string password;
  std::optional<ExecPlugin> exec;

  std::string impersonate_user;
  std::string impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::vector<std::pair<std::string, std::string>> impersonate_extra;
};

/// options.kubeconfig; else $KUBECONFIG (a list: the first definition of a name wins); else, inside a pod,
/// its service account; else ~/.kube/config. kNotFound where there is none of them, kInvalid with file and
/// key where one is malformed.
Result<Config> load_config(const ConfigOptions& options = {});

/// Connects at the first request. Thread-safe: connections are kept and shared between threads. `clock`
/// outlives it.
std::unique_ptr<Api> make_api(Config config, const Clock& clock, std::string user_agent);

}  // namespace lamina::kube
