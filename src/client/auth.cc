// SPDX-License-Identifier: Apache-2.0
#include "client/auth.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "client/body.h"
#include "client/exchange.h"
#include "client/url.h"
#include "http/syntax.h"
#include "oci/base64.h"
#include "oci/json.h"

namespace lamina::client {
namespace {

constexpr std::chrono::seconds kDefaultLifetime{60};
/// A token that ends sooner may end before the request arrives.
constexpr std::chrono::seconds kMargin{10};

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : text_(text) {}

  void read(std::vector<Challenge>& out) {
    while (skip(", \t"), !text_.empty()) {
      const std::string name(token());
      if (name.empty()) {
        text_.remove_prefix(1);
        continue;
      }
      skip(" \t");
      if (text_.starts_with('=') && !out.empty()) {
        text_.remove_prefix(1);
        skip(" \t");
        out.back().parameters.emplace(lower(name), value());
      } else {
        out.push_back({.scheme = name, .parameters = {}});
      }
    }
  }

 private:
  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }
  std::string_view token() {
    std::size_t length = 0;
    while (length < text_.size() && is_token_char(text_[length])) ++length;
    const std::string_view result = text_.substr(0, length);
    text_.remove_prefix(length);
    return result;
  }
  std::string value() {
    if (!text_.starts_with('"')) return std::string(token());
    text_.remove_prefix(1);
    std::string result;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      result += text_.front();
      text_.remove_prefix(1);
    }
    if (!text_.empty()) text_.remove_prefix(1);
    return result;
  }

  std::string_view text_;
};

std::string basic(const Credentials& credentials) {
  return "Basic " + oci::to_base64(credentials.username + ":" + credentials.password);
}

std::set<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::set<std::string> result;
  for (std::string word; stream >> word;) result.insert(word);
  return result;
}

/// What both lists of scopes ask for, the actions on one resource together.
std::string join_scopes(std::string_view a, std::string_view b) {
  std::map<std::string, std::set<std::string>> actions;  // By resource: `repository:<name>`.
  for (const std::string_view list : {a, b}) {
    for (const std::string& scope : words(list)) {
      const std::size_t colon = std::min(scope.rfind(':'), scope.size());
      std::istringstream rest(scope.substr(std::min(colon + 1, scope.size())));
      std::set<std::string>& of = actions[scope.substr(0, colon)];
      for (std::string action; std::getline(rest, action, ',');) of.insert(action);
    }
  }
  std::string joined;
  for (const auto& [resource, of] : actions) {
    joined += (joined.empty() ? "" : " ") + resource;
    char separator = ':';
    for (const std::string& action : of) joined += std::exchange(separator, ',') + action;
  }
  return joined;
}

}  // namespace

std::string Challenge::parameter(std::string_view name) const {
  const auto found = parameters.find(std::string(name));
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(const Headers& headers) {
  std::vector<Challenge> challenges;
  for (const std::string_view value : headers.all("WWW-Authenticate"))
    ChallengeReader(value).read(challenges);
  return challenges;
}

Authenticator::Authenticator(Transport& transport, CredentialsProvider* credentials, const Clock& clock)
    : transport_(transport), credentials_(credentials), clock_(clock) {}

Result<std::optional<Credentials>> Authenticator::credentials_for(const AuthTarget& target) {
  if (credentials_ == nullptr) return std::nullopt;
  return credentials_->find(target.registry, target.repository);
}

Result<std::optional<std::string>> Authenticator::authorization(const AuthTarget& target) {
  std::string realm, service, scope = target.scope;
  {
    const std::lock_guard lock(mutex_);
    const auto found = schemes_.find(target.origin);
    if (found == schemes_.end()) return std::nullopt;
    const Scheme& scheme = found->second;
    if (scheme.bearer) {
      const auto token = scheme.tokens.find(target.scope);
      if (token != scheme.tokens.end() && clock_.now() + kMargin < token->second.expires) {
        return "Bearer " + token->second.value;
      }
      realm = scheme.realm;
      service = scheme.service;
      if (const auto wanted = scheme.wanted.find(target.scope); wanted != scheme.wanted.end())
        scope = wanted->second;
    }
  }
  if (realm.empty()) {
    LAMINA_ASSIGN(const auto credentials, credentials_for(target));
    if (!credentials || credentials->username.empty()) return std::nullopt;
    return basic(*credentials);
  }
  LAMINA_ASSIGN(Token token, fetch_token(target, realm, service, scope));
  std::string value = "Bearer " + token.value;
  const std::lock_guard lock(mutex_);
  schemes_[target.origin].tokens.insert_or_assign(target.scope, std::move(token));
  return value;
}

Result<bool> Authenticator::answer(const AuthTarget& target, const Headers& headers,
                                   const std::optional<std::string>& used) {
  const std::vector<Challenge> challenges = parse_challenges(headers);
  const auto with = [&](std::string_view scheme) {
    return std::ranges::find_if(challenges,
                                [&](const Challenge& c) { return http::same_name(c.scheme, scheme); });
  };
  if (const auto bearer = with("Bearer"); bearer != challenges.end()) {
    const std::string realm = bearer->parameter("realm");
    LAMINA_ASSIGN(const std::string realm_origin, origin_of(realm));
    if (target.origin.starts_with("https:") && !realm_origin.starts_with("https:")) {
      return fail(Code::kDenied, target.registry + " is asked over https but wants credentials sent to " +
                                     realm_origin + " in clear text; refused");
    }
    std::string scope = join_scopes(target.scope, bearer->parameter("scope"));
    const std::lock_guard lock(mutex_);
    Scheme& scheme = schemes_[target.origin];
    scheme.bearer = true;
    scheme.realm = realm;
    scheme.service = bearer->parameter("service");
    scheme.tokens.erase(target.scope);
    scheme.wanted.insert_or_assign(target.scope, std::move(scope));
    return true;
  }
  if (with("Basic") == challenges.end()) return false;
  LAMINA_ASSIGN(const auto credentials, credentials_for(target));
  if (!credentials || credentials->username.empty() || used == basic(*credentials)) return false;
  const std::lock_guard lock(mutex_);
  schemes_[target.origin] = Scheme{};
  return true;
}

Result<Authenticator::Token> Authenticator::fetch_token(const AuthTarget& target, const std::string& realm,
                                                        const std::string& service,
                                                        const std::string& scope) {
  LAMINA_ASSIGN(const auto credentials, credentials_for(target));
  HttpRequest request{.method = "GET", .url = realm, .headers = {}};
  std::optional<StringBody> form;
  if (credentials && !credentials->identity_token.empty()) {
    request.method = "POST";
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    form.emplace("grant_type=refresh_token&client_id=lamina&service=" + percent_encode(service) + "&scope=" +
                 percent_encode(scope) + "&refresh_token=" + percent_encode(credentials->identity_token));
  } else {
    if (!service.empty()) add_query(request.url, "service", service);
    for (const std::string& word : words(scope)) add_query(request.url, "scope", word);
    if (credentials && !credentials->username.empty()) {
      add_query(request.url, "account", credentials->username);
      request.headers.add("Authorization", basic(*credentials));
    }
  }
  LAMINA_ASSIGN(const HttpResponse response, transport_.perform(request, form ? &*form : nullptr, nullptr));
  if (response.status != 200) return std::unexpected(to_error(request, response));

  const auto document = oci::parse_json(response.body);
  const auto text = [&](std::string_view name) -> const std::string* {
    const oci::Json* member = document ? document->find(name) : nullptr;
    return member != nullptr ? member->as<std::string>() : nullptr;
  };
  const std::string* value = text("token");
  if (value == nullptr || value->empty()) value = text("access_token");
  if (value == nullptr || value->empty()) {
    return fail(Code::kUnauthorized, "expected a JSON document with a token from " + realm + ", found none");
  }
  std::chrono::seconds lifetime = kDefaultLifetime;
  if (const oci::Json* member = document->find("expires_in")) {
    if (const auto* seconds = member->as<std::int64_t>()) lifetime = std::chrono::seconds{*seconds};
  }
  return Token{.value = *value,
               .expires = clock_.now() + std::max(lifetime, kMargin + std::chrono::seconds{1})};
}

}  // namespace lamina::client
