// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials.h"

#include <algorithm>
#include <utility>

#include "kube/kubeconfig.h"
#include "oci/base64.h"

namespace lamina::kube {
namespace {

constexpr std::chrono::seconds kTokenFileAge{60};

/// A token must not end the field that carries it.
Result<std::string> bearer(std::string token, std::string_view source) {
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' '))
    token.pop_back();
  const bool fits = std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.empty() || !fits)
    return fail(Code::kUnauthorized, "expected a token in " + std::string(source) + ", found " +
                                         (token.empty() ? "nothing" : "characters that none has"));
  return "Bearer " + token;
}

}  // namespace

Credentials::Credentials(const Config& config, const Clock& clock, PluginRunner run)
    : config_(config), clock_(clock), run_(std::move(run)) {}

Result<std::shared_ptr<const Identity>> Credentials::get() {
  const std::lock_guard lock(mutex_);
  if (identity_ == nullptr || (until_ && clock_.now() >= *until_)) LAMINA_TRY(read());
  return identity_;
}

bool Credentials::refused(const std::shared_ptr<const Identity>& identity) {
  const std::lock_guard lock(mutex_);
  if (identity_ != identity) return true;  // Another thread was first.
  if (config_.token_file.empty() && (!config_.exec || !config_.token.empty())) return false;
  identity_.reset();
  return true;
}

Result<void> Credentials::read() {
  if (!config_.token_file.empty()) return read_token_file();
  if (config_.token.empty() && config_.exec) return run_plugin();
  Identity identity{
      .authorization = {}, .certificate = config_.client_certificate, .key = config_.client_key};
  if (!config_.token.empty()) {
    LAMINA_ASSIGN(identity.authorization, bearer(config_.token, "the configuration"));
  } else if (!config_.username.empty()) {
    identity.authorization = "Basic " + oci::to_base64(config_.username + ":" + config_.password);
  }
  identity_ = std::make_shared<const Identity>(std::move(identity));
  return {};
}

Result<void> Credentials::read_token_file() {
  until_ = clock_.now() + kTokenFileAge;
  auto text = read_file(config_.token_file);
  if (!text) {
    if (identity_ != nullptr) return {};  // What was read before may still hold.
    return fail(Code::kUnauthorized, std::move(text).error().message);
  }
  LAMINA_ASSIGN(std::string authorization, bearer(*std::move(text), config_.token_file.string()));
  identity_ = std::make_shared<const Identity>(
      Identity{std::move(authorization), config_.client_certificate, config_.client_key});
  return {};
}

Result<void> Credentials::run_plugin() {
  LAMINA_ASSIGN(ExecCredential credential, run_(config_));
  Identity identity{
      .authorization = {}, .certificate = config_.client_certificate, .key = config_.client_key};
  if (!credential.token.empty()) {
    LAMINA_ASSIGN(identity.authorization, bearer(std::move(credential.token), "the plug-in's answer"));
  }
  if (!credential.certificate.empty()) {
    identity.certificate = std::move(credential.certificate);
    identity.key = std::move(credential.key);
  }
  identity_ = std::make_shared<const Identity>(std::move(identity));
  until_ = credential.expires;
  return {};
}

}  // namespace lamina::kube
