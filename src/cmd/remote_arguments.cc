// SPDX-License-Identifier: Apache-2.0
#include "cmd/remote_arguments.h"

#include <fmt/format.h>

#include <limits>

#include "cmd/address.h"
#include "cmd/files.h"
#include "cmd/quantity.h"
#include "cmd/version.h"

namespace lamina::cmd {
namespace {

/// The user of the command line at its registry, and what Docker knows of others.
class GivenCredentials final : public CredentialsProvider {
 public:
  GivenCredentials(std::shared_ptr<CredentialsProvider> given, std::shared_ptr<CredentialsProvider> docker)
      : given_(std::move(given)), docker_(std::move(docker)) {}

  Result<std::optional<Credentials>> find(std::string_view registry, std::string_view repository) override {
    LAMINA_ASSIGN(auto found, given_->find(registry, repository));
    if (found) return found;
    return docker_->find(registry, repository);
  }

 private:
  std::shared_ptr<CredentialsProvider> given_;
  std::shared_ptr<CredentialsProvider> docker_;
};

Result<PlainHttp> parse_tls(std::string_view text) {
  LAMINA_ASSIGN(const std::size_t choice, parse_choice("auto|always|never", text));
  constexpr PlainHttp kChoices[] = {PlainHttp::kAuto, PlainHttp::kNever, PlainHttp::kAlways};
  return kChoices[choice];
}

/// The last line end is no part of a password.
Result<std::string> read_password(const std::string& path) {
  LAMINA_ASSIGN(std::string password, read_small_file(path));
  if (password.ends_with('\n')) password.pop_back();
  if (password.ends_with('\r')) password.pop_back();
  return password;
}

}  // namespace

Take RemoteArguments::take_registry(std::string& name) {
  return [this, &name](std::string_view text) -> Result<void> {
    LAMINA_ASSIGN(RegistryAddress address, parse_registry(text));
    if (address.tls) (*address.tls ? tls_registries : plain_http_registries).insert(address.name);
    name = std::move(address.name);
    return {};
  };
}

void RemoteArguments::declare(Command& command) {
  command.setting("client", "registry", take_registry(registry));
  command.setting("client", "tls", Command::into(plain_http, parse_tls));
  command.setting("client", "ca-file", Command::into(ca_file));
  command.setting("client", "cert-file", Command::into(cert_file));
  command.setting("client", "key-file", Command::into(key_file));
  command.setting("client", "insecure", Command::into(insecure));
  command.setting("client", "username", Command::into(username));
  command.setting("client", "password-file", Command::into(password_file));
  command.setting("client", "docker-config", Command::into(docker_config));
  command.setting("client", "retries", Command::into(retries, parse_count));
  command.setting("client", "connect-timeout", Command::into(connect_timeout, parse_duration));
  command.setting("client", "stall-timeout", Command::into(stall_timeout, parse_duration));
}

Result<ClientOptions> client_options(const RemoteArguments& arguments) {
  if (arguments.username.empty() != arguments.password_file.empty()) {
    return fail(Code::kInvalid, "expected both --username and --password-file, or neither");
  }
  if (arguments.cert_file.empty() != arguments.key_file.empty()) {
    return fail(Code::kInvalid, "expected both --cert-file and --key-file, or neither");
  }
  if (arguments.retries > std::numeric_limits<unsigned>::max()) {
    return fail(Code::kInvalid, "--retries: expected fewer");
  }
  ClientOptions options;
  options.default_registry = arguments.registry;
  options.plain_http = arguments.plain_http;
  options.plain_http_registries = arguments.plain_http_registries;
  options.tls_registries = arguments.tls_registries;
  options.ca_file = arguments.ca_file;
  options.client_certificate = arguments.cert_file;
  options.client_key = arguments.key_file;
  options.insecure_skip_tls_verify = arguments.insecure;
  options.retries = static_cast<unsigned>(arguments.retries);
  options.connect_timeout = arguments.connect_timeout;
  options.stall_timeout = arguments.stall_timeout;
  options.user_agent = fmt::format("lamina/{}", kVersion);
  options.credentials = docker_credentials(arguments.docker_config);
  if (!arguments.username.empty()) {
    LAMINA_ASSIGN(std::string password, read_password(arguments.password_file));
    const Credentials given{
        .username = arguments.username, .password = std::move(password), .identity_token = ""};
    options.credentials = std::make_shared<GivenCredentials>(fixed_credentials(arguments.registry, given),
                                                             std::move(options.credentials));
  }
  return options;
}

Result<Remote> Remote::open(const RemoteArguments& arguments, Context& context, std::string subject) {
  LAMINA_ASSIGN(ClientOptions options, client_options(arguments));
  context.catch_signals();
  std::unique_ptr<ProgressDisplay> display;
  if (context.terminal.interactive() && !context.common.quiet && !context.common.no_progress) {
    display = std::make_unique<ProgressDisplay>(context.terminal, std::chrono::steady_clock::now,
                                                std::move(subject));
  }
  options.progress = [&context, shown = display.get()](const Progress& progress) {
    if (shown != nullptr) shown->update(progress);
    return context.caught_signal() == 0;
  };
  options.cancelled = [&context] { return context.caught_signal() != 0; };
  return Remote(std::move(display), std::make_unique<Client>(std::move(options)));
}

}  // namespace lamina::cmd
