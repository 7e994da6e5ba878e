// SPDX-License-Identifier: Apache-2.0
#include "kube/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

#include "oci/base64.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

/// Where a value stands, for messages.
struct Place {
  const KubeconfigFile* file = nullptr;
  std::string key;

  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::kInvalid, file->path.string() + ": " + key + ": " + std::string(what));
  }
  Place at(std::string_view name) const { return {file, key + "." + std::string(name)}; }
  /// A path in the file is relative to the file.
  std::filesystem::path resolve(const std::string& path) const { return file->path.parent_path() / path; }
};

/// A map of a kubeconfig, read key by key.
class Reader {
 public:
  Reader(const YAML::Node& node, Place place) : node_(node), place_(std::move(place)) {}

  const Place& place() const { return place_; }
  YAML::Node node(const char* name) const { return node_[name]; }
  bool has(const char* name) const { return node_[name].IsDefined() && !node_[name].IsNull(); }

  /// Empty where it is missing.
  Result<std::string> text(const char* name) const {
    if (!has(name)) return std::string();
    if (!node_[name].IsScalar()) return place_.at(name).wrong("expected a text");
    return node_[name].Scalar();
  }
  Result<bool> flag(const char* name) const {
    LAMINA_ASSIGN(const std::string value, text(name));
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return place_.at(name).wrong("expected true or false");
  }
  Result<Reader> map(const char* name) const {
    if (has(name) && !node_[name].IsMap()) return place_.at(name).wrong("expected a map");
    return Reader(has(name) ? node_[name] : YAML::Node(YAML::NodeType::Map), place_.at(name));
  }
  Result<std::vector<std::string>> texts(const char* name) const {
    std::vector<std::string> values;
    if (!has(name)) return values;
    if (!node_[name].IsSequence()) return place_.at(name).wrong("expected a list");
    for (const auto& element : node_[name]) {
      if (!element.IsScalar()) return place_.at(name).wrong("expected texts");
      values.push_back(element.Scalar());
    }
    return values;
  }
  /// The bytes of `<name>-data`, which wins, or of the file that `<name>` names; empty where there is
  /// neither.
  Result<std::string> data(const std::string& name) const {
    const std::string inline_name = name + "-data";
    LAMINA_ASSIGN(std::string encoded, text(inline_name.c_str()));
    if (!encoded.empty()) {
      std::erase_if(encoded, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
      auto bytes = oci::from_base64(encoded);
      if (!bytes) return place_.at(inline_name).wrong("expected base64");
      return *std::move(bytes);
    }
    LAMINA_ASSIGN(const std::string path, text(name.c_str()));
    if (path.empty()) return std::string();
    return read_file(place_.resolve(path));
  }

 private:
  YAML::Node node_;
  Place place_;
};

/// Several kubeconfigs as one.
class Kubeconfig {
 public:
  Result<void> add(const KubeconfigFile& file) {
    YAML::Node document;
    try {
      document = YAML::Load(file.text);
    } catch (const YAML::Exception& error) {
      // Without the text of the line, which may hold a secret.
      return fail(Code::kInvalid, file.path.string() + ":" + std::to_string(error.mark.line + 1) + ":" +
                                      std::to_string(error.mark.column + 1) + ": " + error.msg);
    }
    if (document.IsNull()) return {};  // `touch ~/.kube/config` makes one.
    if (!document.IsMap())
      return fail(Code::kInvalid, file.path.string() + ": expected a kubeconfig, found no map");
    if (const auto& context = document["current-context"]; context_.empty() && context && context.IsScalar())
      context_ = context.Scalar();
    for (const char* section : {"clusters", "contexts", "users"}) {
      const auto& list = document[section];
      if (!list || list.IsNull()) continue;
      const Place place{&file, section};
      if (!list.IsSequence()) return place.wrong("expected a list");
      for (std::size_t i = 0; i < list.size(); ++i) {
        const YAML::Node entry = list[i];
        const auto name = entry.IsMap() ? entry["name"] : YAML::Node();
        if (!name || !name.IsScalar()) return place.wrong("expected entries with a name");
        entries_.push_back({section, name.Scalar(), entry, &file});
      }
    }
    return {};
  }

  const std::string& context() const { return context_; }

  /// The map `inner` of the first entry with this name.
  Result<Reader> find(std::string_view section, const std::string& name, const char* inner) const {
    for (const Entry& entry : entries_) {
      if (entry.section != section || entry.name != name) continue;
      const Reader reader(entry.node, {entry.file, std::string(section) + "[" + name + "]"});
      return reader.map(inner);
    }
    return fail(Code::kInvalid, "the kubeconfig has no " + std::string(inner) + " named " + oci::quote(name) +
                                    known(section));
  }

 private:
  struct Entry {
    std::string_view section;
    std::string name;
    YAML::Node node;
    const KubeconfigFile* file;
  };

  std::string known(std::string_view section) const {
    std::string names;
    for (const Entry& entry : entries_) {
      if (entry.section == section) names += (names.empty() ? "; it has " : ", ") + entry.name;
    }
    return names;
  }

  std::vector<Entry> entries_;
  std::string context_;
};

Result<void> read_cluster(const Reader& cluster, Config& config) {
  LAMINA_ASSIGN(config.server, cluster.text("server"));
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://"))
    return cluster.place().at("server").wrong("expected an http or https URL, found " +
                                              oci::quote(config.server));
  while (config.server.ends_with('/')) config.server.pop_back();
  LAMINA_ASSIGN(config.ca, cluster.data("certificate-authority"));
  LAMINA_ASSIGN(config.insecure_skip_tls_verify, cluster.flag("insecure-skip-tls-verify"));
  if (config.insecure_skip_tls_verify && !config.ca.empty())
    return cluster.place().wrong("insecure-skip-tls-verify and a certificate authority exclude each other");
  LAMINA_ASSIGN(config.tls_server_name, cluster.text("tls-server-name"));
  LAMINA_ASSIGN(config.proxy, cluster.text("proxy-url"));
  // Names are the proxy's to resolve, as with kubectl; libcurl has another scheme for that.
  constexpr std::string_view kSocks = "socks5://";
  if (config.proxy.starts_with(kSocks)) config.proxy.replace(0, kSocks.size(), "socks5h://");
  return {};
}

Result<ExecPlugin> read_exec(const Reader& exec) {
  ExecPlugin plugin;
  LAMINA_ASSIGN(plugin.command, exec.text("command"));
  if (plugin.command.empty()) return exec.place().at("command").wrong("expected a program, found nothing");
  if (plugin.command.contains('/')) plugin.command = exec.place().resolve(plugin.command).string();
  LAMINA_ASSIGN(plugin.arguments, exec.texts("args"));
  LAMINA_ASSIGN(plugin.api_version, exec.text("apiVersion"));
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return exec.place()
        .at("apiVersion")
        .wrong("expected client.authentication.k8s.io/v1 or v1beta1, found " +
               oci::quote(plugin.api_version));
  }
  LAMINA_ASSIGN(plugin.provide_cluster_info, exec.flag("provideClusterInfo"));
  LAMINA_ASSIGN(const std::string interactive, exec.text("interactiveMode"));
  if (interactive == "Always")
    return exec.place().at("interactiveMode").wrong("the plug-in wants a terminal, and it gets none here");
  const YAML::Node environment = exec.node("env");
  if (!exec.has("env")) return plugin;
  if (!environment.IsSequence()) return exec.place().at("env").wrong("expected a list");
  for (std::size_t i = 0; i < environment.size(); ++i) {
    const YAML::Node variable = environment[i];
    const Reader reader(variable, exec.place().at("env"));
    if (!variable.IsMap()) return reader.place().wrong("expected entries with name and value");
    LAMINA_ASSIGN(std::string name, reader.text("name"));
    LAMINA_ASSIGN(std::string value, reader.text("value"));
    plugin.environment.emplace_back(std::move(name), std::move(value));
  }
  return plugin;
}

Result<void> read_impersonation(const Reader& user, Config& config) {
  LAMINA_ASSIGN(config.impersonate_user, user.text("as"));
  LAMINA_ASSIGN(config.impersonate_uid, user.text("as-uid"));
  LAMINA_ASSIGN(config.impersonate_groups, user.texts("as-groups"));
  LAMINA_ASSIGN(const Reader extra, user.map("as-user-extra"));
  if (!user.has("as-user-extra")) return {};
  for (const auto& entry : user.node("as-user-extra")) {
    const std::string name = entry.first.as<std::string>("");
    LAMINA_ASSIGN(auto values, extra.texts(name.c_str()));
    for (std::string& value : values) config.impersonate_extra.emplace_back(name, std::move(value));
  }
  return {};
}

Result<void> read_user(const Reader& user, Config& config) {
  if (user.has("auth-provider")) {
    return fail(Code::kUnsupported, user.place().file->path.string() + ": " +
                                        user.place().at("auth-provider").key +
                                        ": Kubernetes has removed these; use an exec plug-in");
  }
  LAMINA_ASSIGN(config.client_certificate, user.data("client-certificate"));
  LAMINA_ASSIGN(config.client_key, user.data("client-key"));
  if (config.client_certificate.empty() != config.client_key.empty())
    return user.place().wrong("client-certificate and client-key come together");
  LAMINA_ASSIGN(config.token, user.text("token"));
  LAMINA_ASSIGN(const std::string token_file, user.text("tokenFile"));
  if (!token_file.empty()) config.token_file = user.place().resolve(token_file);
  LAMINA_ASSIGN(config.username, user.text("username"));
  LAMINA_ASSIGN(config.password, user.text("password"));
  if (user.has("exec")) {
    LAMINA_ASSIGN(const Reader exec, user.map("exec"));
    LAMINA_ASSIGN(config.exec, read_exec(exec));
  }
  return read_impersonation(user, config);
}

}  // namespace

Result<Config> read_kubeconfig(const std::vector<KubeconfigFile>& files, const std::string& wanted_context) {
  Kubeconfig kubeconfig;
  for (const KubeconfigFile& file : files) LAMINA_TRY(kubeconfig.add(file));
  const std::string& context_name = wanted_context.empty() ? kubeconfig.context() : wanted_context;
  if (context_name.empty()) {
    return fail(Code::kInvalid,
                (files.empty() ? std::string("the kubeconfig") : files.front().path.string()) +
                    " has no current-context; name a context");
  }
  LAMINA_ASSIGN(const Reader context, kubeconfig.find("contexts", context_name, "context"));
  Config config;
  LAMINA_ASSIGN(const std::string namespace_name, context.text("namespace"));
  if (!namespace_name.empty()) config.namespace_name = namespace_name;

  LAMINA_ASSIGN(const std::string cluster_name, context.text("cluster"));
  LAMINA_ASSIGN(const Reader cluster, kubeconfig.find("clusters", cluster_name, "cluster"));
  LAMINA_TRY(read_cluster(cluster, config));
  LAMINA_ASSIGN(const std::string user_name, context.text("user"));
  if (user_name.empty()) return config;
  LAMINA_ASSIGN(const Reader user, kubeconfig.find("users", user_name, "user"));
  LAMINA_TRY(read_user(user, config));
  return config;
}

}  // namespace lamina::kube
