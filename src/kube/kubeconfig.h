// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kube/config.h"
#include "lamina/result.h"

namespace lamina::kube {

/// What load_config() takes from the process; tests bring their own.
struct Surroundings {
  std::string kubeconfig;      ///< $KUBECONFIG
  std::filesystem::path home;  ///< $HOME
  std::string service_host;    ///< $KUBERNETES_SERVICE_HOST
  std::string service_port;    ///< $KUBERNETES_SERVICE_PORT
  std::filesystem::path service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};
Result<Config> load_config(const ConfigOptions& options, const Surroundings& surroundings);

/// The user that a pod runs as.
Result<Config> in_cluster_config(const Surroundings& surroundings);

/// The text of a kubeconfig file; relative paths in it are relative to `folder`.
struct KubeconfigFile {
  std::filesystem::path path;
  std::string text;
};
/// Several files as one, then `context` of it, or its current-context. Reads the certificates and keys that
/// it names. Messages name file and key, and no value that could be secret.
Result<Config> read_kubeconfig(const std::vector<KubeconfigFile>& files, const std::string& context);

/// A whole file. kNotFound, kDenied or kInternal where it cannot be read.
Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace lamina::kube
