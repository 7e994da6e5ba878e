// SPDX-License-Identifier: Apache-2.0
#include "kube/exec_plugin.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "kube/time.h"
#include "oci/base64.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

constexpr std::size_t kMaxAnswer = 1024 * 1024;

std::string text_of(const oci::Json& json, std::string_view name) {
  const oci::Json* member = json.find(name);
  const auto* text = member == nullptr ? nullptr : member->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

/// Our environment with that of the plug-in in front: the first of a name wins.
std::vector<std::string> environment_of(const Config& config) {
  std::vector<std::string> variables{"KUBERNETES_EXEC_INFO=" + exec_info(config)};
  for (const auto& [name, value] : config.exec->environment) (variables.emplace_back(name) += '=') += value;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const std::string& mine : variables) replaced |= mine.starts_with(name);
    if (!replaced) variables.emplace_back(text);
  }
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string read_all(int descriptor) {
  std::string answer;
  std::array<char, 4096> buffer{};
  while (answer.size() < kMaxAnswer) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

std::string exec_info(const Config& config) {
  oci::JsonWriter writer(oci::JsonEscapes::kMinimal);
  writer.begin_object().name("apiVersion").string(config.exec->api_version);
  writer.name("kind").string("ExecCredential").name("spec").begin_object();
  writer.name("interactive").boolean(false);
  if (config.exec->provide_cluster_info) {
    writer.name("cluster").begin_object().name("server").string(config.server);
    if (!config.ca.empty()) writer.name("certificate-authority-data").string(oci::to_base64(config.ca));
    if (config.insecure_skip_tls_verify) writer.name("insecure-skip-tls-verify").boolean(true);
    if (!config.tls_server_name.empty()) writer.name("tls-server-name").string(config.tls_server_name);
    if (!config.proxy.empty()) writer.name("proxy-url").string(config.proxy);
    writer.end_object();
  }
  return writer.end_object().end_object().take();
}

Result<ExecCredential> parse_exec_credential(std::string_view json, std::string_view api_version) {
  const auto parsed = oci::parse_json(json);
  if (!parsed) return fail(Code::kUnauthorized, "it printed no JSON");
  if (text_of(*parsed, "kind") != "ExecCredential" || text_of(*parsed, "apiVersion") != api_version) {
    return fail(Code::kUnauthorized, "expected an ExecCredential of " + std::string(api_version) +
                                         ", found " + oci::quote(text_of(*parsed, "kind")) + " of " +
                                         oci::quote(text_of(*parsed, "apiVersion")));
  }
  ExecCredential credential;
  if (const oci::Json* status = parsed->find("status")) {
    credential.token = text_of(*status, "token");
    credential.certificate = text_of(*status, "clientCertificateData");
    credential.key = text_of(*status, "clientKeyData");
    if (const std::string expires = text_of(*status, "expirationTimestamp"); !expires.empty()) {
      const auto time = parse_time(expires);
      if (!time) return fail(Code::kUnauthorized, "expirationTimestamp: " + time.error().message);
      credential.expires = *time;
    }
  }
  if (credential.certificate.empty() != credential.key.empty())
    return fail(Code::kUnauthorized, "it printed one of a client certificate and its key");
  if (credential.token.empty() && credential.certificate.empty())
    return fail(Code::kUnauthorized, "it printed neither a token nor a client certificate");
  return credential;
}

Result<ExecCredential> run_exec_plugin(const Config& config) {
  const ExecPlugin& plugin = *config.exec;
  const auto failed = [&](const std::string& why) {
    return fail(Code::kUnauthorized, "the credential plug-in " + plugin.command + ": " + why);
  };
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Code::kInternal, std::string("pipe: ") + std::strerror(errno));
  FileDescriptor output(ends[0]), input(ends[1]);

  std::vector<std::string> arguments{plugin.command};
  arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
  std::vector<std::string> environment = environment_of(config);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  pid_t child = 0;
  const int spawned = posix_spawnp(&child, plugin.command.c_str(), &actions, nullptr,
                                   pointers_to(arguments).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return failed(std::string("it cannot be run: ") + std::strerror(spawned));
  input.close();
  const std::string answer = read_all(output.get());
  output.close();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return failed("it was killed");
  if (WEXITSTATUS(status) != 0) return failed("it ended with status " + std::to_string(WEXITSTATUS(status)));
  auto credential = parse_exec_credential(answer, plugin.api_version);
  if (!credential) return failed(credential.error().message);
  return credential;
}

}  // namespace lamina::kube
