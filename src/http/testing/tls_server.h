// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace lamina::http::testing {

/// A certificate with its key, as PEM.
struct KeyPair {
  std::string certificate;
  std::string key;
};
/// A new authority, for an hour.
KeyPair make_authority(const std::string& name);
/// A certificate by `authority` for the DNS name `name`; for a server as well as for a client.
KeyPair make_certificate(const KeyPair& authority, const std::string& name);

/// Speaks TLS on 127.0.0.1 and answers every request, which may have no body, by the name in the client's
/// certificate, `nobody` without one. One connection at a time.
class TlsServer {
 public:
  /// Takes certificates of clients by `client_authority`, and no others. Aborts where it cannot listen.
  TlsServer(const KeyPair& identity, const std::string& client_authority);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  std::uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lamina::http::testing
