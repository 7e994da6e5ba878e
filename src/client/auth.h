// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/transport.h"
#include "lamina/client.h"
#include "lamina/result.h"

namespace lamina::client {

/// One challenge of a WWW-Authenticate field (RFC 9110, 11.6.1).
struct Challenge {
  std::string scheme;                             ///< As sent; compares without case.
  std::map<std::string, std::string> parameters;  ///< Names in lower case.
  std::string parameter(std::string_view name) const;
};
/// All that can be read; malformed parts are skipped.
std::vector<Challenge> parse_challenges(const Headers& headers);

struct AuthTarget {
  std::string origin;      ///< Of the registry: scheme://host:port.
  std::string registry;    ///< As the user wrote it.
  std::string repository;  ///< May be empty.
  std::string scope;       ///< With spaces between several; may be empty.
};

/// Basic and the Docker token protocol (distribution docs, "Token Authentication Specification"). Keeps what
/// a registry asked for and its tokens, by scope. Thread-safe; a token may be fetched twice by threads that
/// race.
class Authenticator {
 public:
  /// All must outlive this. `credentials` may be null.
  Authenticator(Transport& transport, CredentialsProvider* credentials, const Clock& clock);

  /// The value of Authorization for a request, or nothing where the registry has asked for none yet. Fetches
  /// a token where the registry is known to want one, so that uploads are not refused after they were sent.
  Result<std::optional<std::string>> authorization(const AuthTarget& target);

  /// Takes in a 401. True: authorization() now has another answer than `used`. False: there is none.
  Result<bool> answer(const AuthTarget& target, const Headers& headers,
                      const std::optional<std::string>& used);

 private:
  struct Token {
    std::string value;
    UnixTime expires;
  };
  struct Scheme {
    bool bearer = false;
    std::string realm;
    std::string service;
    std::map<std::string, Token, std::less<>> tokens;        ///< By the scope that was asked for.
    std::map<std::string, std::string, std::less<>> wanted;  ///< Scope asked for -> scope the registry named.
  };

  Result<std::optional<Credentials>> credentials_for(const AuthTarget& target);
  Result<Token> fetch_token(const AuthTarget& target, const std::string& realm, const std::string& service,
                            const std::string& scope);

  Transport& transport_;
  CredentialsProvider* const credentials_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Scheme, std::less<>> schemes_;  ///< By origin. Guarded by mutex_.
};

}  // namespace lamina::client
