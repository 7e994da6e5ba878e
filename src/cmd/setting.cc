// SPDX-License-Identifier: Apache-2.0
#include "cmd/setting.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/choice.h"
#include "cmd/quantity.h"

namespace lamina::cmd {
namespace {

using enum SettingKind;

constexpr Setting kSettings[] = {
    {"serve", "addr", kText, "HOST:PORT", "127.0.0.1:5000",
     "Where to listen; port 0 lets the system choose one"},
    {"serve", "data", kDirectory, "DIR", "data", "Folder that holds the content; made if missing"},
    {"serve", "advertise-url", kText, "URL", "",
     "Base of the absolute URLs in answers; without it answers hold paths"},
    {"serve", "accept-sparse", kList, "PATTERN", "",
     "Repositories whose manifests may name absent content; * stands for any characters but /, ** for any"},
    {"serve", "controller", kBoolean, "", "false",
     "Run the controller for a Kubernetes cluster in this process, too"},
    {"serve", "threads", kCount, "N", "0", "Threads for connections; 0 is one for each core"},
    {"serve", "workers", kCount, "N", "32", "Calls on the store at once"},
    {"serve", "grace", kDuration, "TIME", "30s",
     "What requests in progress get to finish when the server is stopped"},
    {"serve", "released-grace", kDuration, "TIME", "24h",
     "What has an expiry stays so long after its last holder went"},
    {"serve", "max-connections", kCount, "N", "10000", "Connections at once; 503 beyond"},
    {"serve", "max-header-size", kSize, "SIZE", "32KiB", "Request line and header fields; 431 beyond"},
    {"serve", "max-target-size", kSize, "SIZE", "8KiB", "Path and query of a request; 414 beyond"},
    {"serve", "header-timeout", kDuration, "TIME", "30s",
     "From the first byte of a request to the end of its header"},
    {"serve", "idle-timeout", kDuration, "TIME", "120s", "Between the requests of a connection"},
    {"serve", "body-timeout", kDuration, "TIME", "60s", "For a body of which no byte moves, either way"},

    {"kubernetes", "kubeconfig", kFile, "FILE", "",
     "How to reach the API server; default $KUBECONFIG, then a pod's service account, then ~/.kube/config"},
    {"kubernetes", "context", kText, "NAME", "", "Context of the kubeconfig; default its current-context"},

    {"controller", "namespace", kText, "NAME", "",
     "Where the lease of the leader is; default the pod's or the kubeconfig's namespace"},
    {"controller", "allow-repository", kList, "NAMESPACE=REPOSITORY", "",
     "Patterns of namespaces and of repositories that their objects may name beside <namespace>/**"},
    {"controller", "snapshots", kChoice, "off|own|observe", "off",
     "Snapshots of ocm-controller v1: own them, or verify and hold beside ocm-controller"},
    {"controller", "holder", kList, "KIND.GROUP", "", "Kinds whose status refers to content that they hold"},
    {"controller", "concurrency", kCount, "N", "8", "Objects looked at at once"},
    {"controller", "resync", kDuration, "TIME", "10m", "Between full comparisons of what objects hold"},
    {"controller", "health-addr", kText, "HOST:PORT", "",
     "Where to answer /livez and /readyz; default nowhere"},

    {"client", "registry", kText, "HOST:PORT", "127.0.0.1:5000", "Registry of references that name none"},
    {"client", "tls", kChoice, "auto|always|never", "auto",
     "Whether to use TLS; auto means for all but 127.0.0.0/8, [::1] and localhost"},
    {"client", "ca-file", kFile, "FILE", "",
     "PEM with the certificate authorities to trust instead of the system's"},
    {"client", "cert-file", kFile, "FILE", "", "PEM with the certificate to show to the registry"},
    {"client", "key-file", kFile, "FILE", "", "PEM with the key of cert-file"},
    {"client", "insecure", kBoolean, "", "false", "Do not verify the registry's certificate"},
    {"client", "username", kText, "NAME", "", "User at the registry of --registry, with password-file"},
    {"client", "password-file", kFile, "FILE", "", "File with the password or token of the user"},
    {"client", "docker-config", kDirectory, "DIR", "",
     "Folder of the config.json with credentials; default $DOCKER_CONFIG or ~/.docker"},
    {"client", "retries", kCount, "N", "4", "Repeats after a failure that may pass"},
    {"client", "connect-timeout", kDuration, "TIME", "10s", "To reach the registry"},
    {"client", "stall-timeout", kDuration, "TIME", "60s", "For a transfer of which no byte moves"},
    {"client", "output", kChoice, "text|json", "text", "Form of what is printed"},
};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view section, std::string_view name) {
  const auto* found = std::ranges::find_if(
      kSettings, [&](const Setting& setting) { return setting.section == section && setting.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

std::string variable_of(const Setting& setting) {
  std::string variable = "LAMINA_";
  for (const char c : setting.name) {
    variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return variable;
}

Result<void> check(const Setting& setting, std::string_view text) {
  const auto drop = [](const auto& parsed) -> Result<void> {
    if (!parsed) return std::unexpected(parsed.error());
    return {};
  };
  switch (setting.kind) {
    case kSize: return drop(parse_size(text));
    case kCount: return drop(parse_count(text));
    case kDuration: return drop(parse_duration(text));
    case kBoolean: return drop(parse_boolean(text));
    case kChoice: return drop(parse_choice(setting.value, text));
    case kText:
    case kList:
    case kFile:
    case kDirectory: return {};
  }
  return {};
}

}  // namespace lamina::cmd
