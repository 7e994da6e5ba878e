// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "http/transport.h"

namespace lamina::http {

struct CurlOptions {
  std::filesystem::path ca_file;
  std::filesystem::path client_certificate;
  std::filesystem::path client_key;
  /// PEM in memory; each wins over its file.
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  std::string tls_server_name;  ///< Name in the server's certificate; empty: the host of the URL.
  bool insecure_skip_tls_verify = false;
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds stall_timeout{60};
  std::string user_agent = "lamina";
  std::string proxy;  ///< URL (http, https, socks4, socks5, socks5h); empty: the environment decides.
  std::function<bool()> cancelled;  ///< As in ClientOptions; may be empty.
};

/// libcurl, HTTP/1.1. Handles are kept with their connections and used again. Proxies come from the
/// environment (http_proxy, HTTPS_PROXY, NO_PROXY) unless `proxy` names one. A peer that is gone without a
/// word is noticed after about a minute.
std::unique_ptr<Transport> make_curl_transport(CurlOptions options);

}  // namespace lamina::http
