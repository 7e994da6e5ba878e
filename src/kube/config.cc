// SPDX-License-Identifier: Apache-2.0
#include "kube/config.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "kube/kubeconfig.h"

namespace lamina::kube {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::vector<std::filesystem::path> split_list(std::string_view list) {
  std::vector<std::filesystem::path> paths;
  while (!list.empty()) {
    const std::size_t colon = list.find(':');
    if (const std::string_view path = list.substr(0, colon); !path.empty()) paths.emplace_back(path);
    list.remove_prefix(colon == std::string_view::npos ? list.size() : colon + 1);
  }
  return paths;
}

/// The files that exist; kNotFound where none does.
Result<std::vector<KubeconfigFile>> read_all(const std::vector<std::filesystem::path>& paths) {
  std::vector<KubeconfigFile> files;
  for (const auto& path : paths) {
    auto text = read_file(path);
    if (text) {
      files.push_back({path, *std::move(text)});
    } else if (text.error().code != Code::kNotFound || paths.size() == 1) {
      return std::unexpected(std::move(text).error());
    }
  }
  if (files.empty()) return fail(Code::kNotFound, "none of the files that KUBECONFIG names exists");
  return files;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const int error = errno;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file && !file.bad()) return text;
  const Code code = error == ENOENT || error == ENOTDIR ? Code::kNotFound
                    : error == EACCES                   ? Code::kDenied
                                                        : Code::kInternal;
  return fail(code, "cannot read " + path.string() + ": " + std::strerror(error));
}

Result<Config> in_cluster_config(const Surroundings& surroundings) {
  const bool is_ipv6 = surroundings.service_host.contains(':');
  Config config;
  config.server = "https://" + (is_ipv6 ? "[" + surroundings.service_host + "]" : surroundings.service_host) +
                  ":" + (surroundings.service_port.empty() ? "443" : surroundings.service_port);
  config.token_file = surroundings.service_account / "token";
  LAMINA_ASSIGN(config.ca, read_file(surroundings.service_account / "ca.crt"));
  if (auto name = read_file(surroundings.service_account / "namespace"); name && !name->empty())
    config.namespace_name = *std::move(name);
  return config;
}

Result<Config> load_config(const ConfigOptions& options, const Surroundings& surroundings) {
  const auto read = [&](const std::vector<std::filesystem::path>& paths) -> Result<Config> {
    LAMINA_ASSIGN(const auto files, read_all(paths));
    return read_kubeconfig(files, options.context);
  };
  if (!options.kubeconfig.empty()) return read({options.kubeconfig});
  if (const auto paths = split_list(surroundings.kubeconfig); !paths.empty()) return read(paths);
  std::error_code ignored;
  if (!surroundings.service_host.empty() &&
      std::filesystem::exists(surroundings.service_account / "token", ignored))
    return in_cluster_config(surroundings);
  auto config = read({surroundings.home / ".kube" / "config"});
  if (config || config.error().code != Code::kNotFound) return config;
  return fail(
      Code::kNotFound,
      "found no way to the API server: no kubeconfig was named, KUBECONFIG is not set, this is no pod with "
      "a service account, and " +
          (surroundings.home / ".kube" / "config").string() + " does not exist");
}

Result<Config> load_config(const ConfigOptions& options) {
  return load_config(options, Surroundings{.kubeconfig = variable("KUBECONFIG"),
                                           .home = variable("HOME"),
                                           .service_host = variable("KUBERNETES_SERVICE_HOST"),
                                           .service_port = variable("KUBERNETES_SERVICE_PORT")});
}

}  // namespace lamina::kube
