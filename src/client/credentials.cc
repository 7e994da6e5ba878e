// SPDX-License-Identifier: Apache-2.0
#include "client/credentials.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "client/helper_process.h"
#include "oci/base64.h"
#include "oci/json.h"

namespace lamina {
namespace client {
namespace {

constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

std::string text_of(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* text = member != nullptr ? member->as<std::string>() : nullptr;
  return text != nullptr ? *text : std::string();
}

/// `https://host/v1/` and `host/path/` as host/path.
std::string_view without_decoration(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  while (key.ends_with('/')) key.remove_suffix(1);
  for (const std::string_view version : {"/v1", "/v2"}) {
    if (key.ends_with(version)) key.remove_suffix(version.size());
  }
  return key;
}

bool is_docker_hub(std::string_view registry) {
  return registry == "docker.io" || registry == "index.docker.io" || registry == "registry-1.docker.io";
}

Result<std::optional<Credentials>> from_entry(const oci::Json& entry, std::string_view key) {
  Credentials found{.username = text_of(entry, "username"),
                    .password = text_of(entry, "password"),
                    .identity_token = text_of(entry, "identitytoken")};
  if (const std::string encoded = text_of(entry, "auth"); !encoded.empty()) {
    const auto decoded = oci::from_base64(encoded);
    const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) {
      return fail(Code::kInvalid, "expected base64 of user:password as \"auth\" of '" + std::string(key) +
                                      "' in Docker's config.json; log in again");
    }
    found.username = decoded->substr(0, colon);
    found.password = decoded->substr(colon + 1);
    while (found.password.ends_with('\0')) found.password.pop_back();
  }
  if (found.username.empty() && found.identity_token.empty()) return std::nullopt;
  return found;
}

}  // namespace

Result<std::optional<Credentials>> credentials_from_config(std::string_view json, std::string_view registry,
                                                           std::string_view repository,
                                                           const HelperRunner& run) {
  const auto document = oci::parse_json(json);
  if (!document) {
    return fail(Code::kInvalid, "expected JSON in Docker's config.json: " + document.error().message);
  }
  const bool hub = is_docker_hub(registry);
  const std::string server(hub ? kDockerHubKey : registry);
  const auto ask = [&](const std::string& helper) -> Result<std::optional<Credentials>> {
    LAMINA_ASSIGN(const auto answer, run("docker-credential-" + helper, server));
    if (!answer) return std::nullopt;
    const auto parsed = oci::parse_json(*answer);
    if (!parsed)
      return fail(Code::kUnauthorized, "docker-credential-" + helper + " did not answer with JSON");
    const std::string user = text_of(*parsed, "Username"), secret = text_of(*parsed, "Secret");
    if (user == "<token>") return Credentials{.username = {}, .password = {}, .identity_token = secret};
    if (user.empty()) return std::nullopt;
    return Credentials{.username = user, .password = secret, .identity_token = {}};
  };

  if (const oci::Json* helpers = document->find("credHelpers")) {
    if (const std::string helper = text_of(*helpers, hub ? "docker.io" : registry); !helper.empty())
      return ask(helper);
  }
  const oci::Json* auths = document->find("auths");
  if (const auto* entries = auths != nullptr ? auths->as<oci::Json::Object>() : nullptr) {
    const std::string wanted =
        std::string(hub ? "index.docker.io" : registry) + "/" + std::string(repository) + "/";
    const oci::Json::Member* best = nullptr;
    std::size_t longest = 0;
    for (const oci::Json::Member& entry : *entries) {
      const std::string_view key = without_decoration(entry.name);
      if (!wanted.starts_with(std::string(key) + "/") || key.size() < longest) continue;
      best = &entry;
      longest = key.size();
    }
    if (best != nullptr) {
      LAMINA_ASSIGN(auto found, from_entry(best->value, best->name));
      if (found) return found;  // With credsStore the entries are there, but empty.
    }
  }
  if (const std::string store = text_of(*document, "credsStore"); !store.empty()) return ask(store);
  return std::nullopt;
}

namespace {

class DockerCredentials final : public CredentialsProvider {
 public:
  explicit DockerCredentials(std::filesystem::path directory) : directory_(std::move(directory)) {}

  Result<std::optional<Credentials>> find(std::string_view registry, std::string_view repository) override {
    const std::filesystem::path path = directory_ / "config.json";
    std::error_code error;
    if (directory_.empty() || !std::filesystem::exists(path, error)) return std::nullopt;
    std::ifstream stream(path, std::ios::binary);
    const std::string json{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.good() && !stream.eof()) return fail(Code::kDenied, "cannot read " + path.string());
    if (json.empty()) return std::nullopt;
    return credentials_from_config(json, registry, repository, run_credential_helper);
  }

 private:
  const std::filesystem::path directory_;
};

class ConfigCredentials final : public CredentialsProvider {
 public:
  explicit ConfigCredentials(std::string json) : json_(std::move(json)) {}
  Result<std::optional<Credentials>> find(std::string_view registry, std::string_view repository) override {
    // What a Secret says must not run programs.
    const auto none = [](const std::string&, const std::string&) -> Result<std::optional<std::string>> {
      return std::nullopt;
    };
    return credentials_from_config(json_, registry, repository, none);
  }

 private:
  const std::string json_;
};

class FixedCredentials final : public CredentialsProvider {
 public:
  FixedCredentials(std::string registry, Credentials credentials)
      : registry_(std::move(registry)), credentials_(std::move(credentials)) {}
  Result<std::optional<Credentials>> find(std::string_view registry, std::string_view) override {
    if (registry != registry_) return std::nullopt;
    return credentials_;
  }

 private:
  const std::string registry_;
  const Credentials credentials_;
};

}  // namespace
}  // namespace client

std::shared_ptr<CredentialsProvider> docker_credentials(std::filesystem::path directory) {
  if (directory.empty()) {
    if (const char* configured = std::getenv("DOCKER_CONFIG"); configured != nullptr && *configured != '\0') {
      directory = configured;
    } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
      directory = std::filesystem::path(home) / ".docker";
    }
  }
  return std::make_shared<client::DockerCredentials>(std::move(directory));
}

std::shared_ptr<CredentialsProvider> docker_credentials_from(std::string config_json) {
  return std::make_shared<client::ConfigCredentials>(std::move(config_json));
}

std::shared_ptr<CredentialsProvider> fixed_credentials(std::string registry, Credentials credentials) {
  return std::make_shared<client::FixedCredentials>(std::move(registry), std::move(credentials));
}

}  // namespace lamina
