// SPDX-License-Identifier: Apache-2.0
#include "http/testing/tls_server.h"

#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "base/file_descriptor.h"

namespace lamina::http::testing {
namespace {

/// Frees what OpenSSL made.
template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free_all>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<&SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Deleter<&SSL_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<&X509_EXTENSION_free>>;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "TlsServer: %s failed\n", what);
  std::abort();
}

template <class Write>
std::string to_pem(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  require(write(bio.get()) == 1, "writing PEM");
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

Bio bio_of(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }
Certificate read_certificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, nullptr, nullptr));
}
Key read_key(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, nullptr, nullptr));
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension");
}

/// Signed by `authority`, or by itself.
KeyPair make(const std::string& name, const KeyPair* authority) {
  static std::atomic<long> serial = 1;
  constexpr long kHour = 3600;
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  X509* const x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x509), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(x509), kHour);
  X509_set_pubkey(x509, key.get());
  X509_NAME* const subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  const Certificate issuer = authority == nullptr ? nullptr : read_certificate(authority->certificate);
  X509_set_issuer_name(x509, issuer == nullptr ? subject : X509_get_subject_name(issuer.get()));
  if (issuer == nullptr) {
    add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add_extension(x509, NID_subject_alt_name, "DNS:" + name);
  }
  const Key signer = issuer == nullptr ? nullptr : read_key(authority->key);
  require(X509_sign(x509, signer == nullptr ? key.get() : signer.get(), EVP_sha256()) > 0, "signing");
  return {to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); }), to_pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

std::string peer_name(SSL* session) {
  const Certificate peer(SSL_get1_peer_certificate(session));
  if (peer == nullptr) return "nobody";
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
  return name.data();
}

/// Answers the requests of one connection.
void serve(SSL* session) {
  std::string received;
  std::array<char, 4096> buffer{};
  for (int count = 0; (count = SSL_read(session, buffer.data(), buffer.size())) > 0;) {
    received.append(buffer.data(), static_cast<std::size_t>(count));
    if (!received.ends_with("\r\n\r\n")) continue;
    received.clear();
    const std::string name = peer_name(session);
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name;
    if (SSL_write(session, answer.data(), static_cast<int>(answer.size())) <= 0) return;
  }
}

}  // namespace

KeyPair make_authority(const std::string& name) { return make(name, nullptr); }
KeyPair make_certificate(const KeyPair& authority, const std::string& name) { return make(name, &authority); }

struct TlsServer::State {
  Context context{SSL_CTX_new(TLS_server_method())};
  FileDescriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  std::atomic<int> connection = -1;
  std::jthread thread;
};

TlsServer::TlsServer(const KeyPair& identity, const std::string& client_authority)
    : state_(std::make_unique<State>()) {
  SSL_CTX* const context = state_->context.get();
  require(SSL_CTX_use_certificate(context, read_certificate(identity.certificate).get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, read_key(identity.key).get()) == 1,
          "loading the certificate");
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), read_certificate(client_authority).get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);

  state_->address.sin_family = AF_INET;
  state_->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof state_->address;
  auto* const address = reinterpret_cast<sockaddr*>(&state_->address);
  const int listener = state_->listener.get();
  require(::bind(listener, address, length) == 0 && ::listen(listener, 8) == 0 &&
              ::getsockname(listener, address, &length) == 0,
          "listening");
  state_->thread = std::jthread([state = state_.get()](const std::stop_token& stop) {
    sigset_t pipe;  // OpenSSL writes to clients that hung up.
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (!stop.stop_requested()) {
      const FileDescriptor accepted(::accept4(state->listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!accepted) return;
      state->connection = accepted.get();
      const Session session(SSL_new(state->context.get()));
      SSL_set_fd(session.get(), accepted.get());
      if (!stop.stop_requested() && SSL_accept(session.get()) == 1) serve(session.get());
      state->connection = -1;
    }
  });
}

TlsServer::~TlsServer() {
  state_->thread.request_stop();
  ::shutdown(state_->listener.get(), SHUT_RDWR);
  ::shutdown(state_->connection, SHUT_RDWR);
}

std::uint16_t TlsServer::port() const { return ntohs(state_->address.sin_port); }

}  // namespace lamina::http::testing
