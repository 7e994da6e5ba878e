// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "client/transport.h"

namespace lamina::client {

struct CurlOptions {
  std::filesystem::path ca_file;
  std::filesystem::path client_certificate;
  std::filesystem::path client_key;
  bool insecure_skip_tls_verify = false;
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds stall_timeout{60};
  std::string user_agent = "lamina";
  std::function<bool()> cancelled;  ///< As in ClientOptions; may be empty.
};

/// libcurl, HTTP/1.1. Handles are kept with their connections and used again. Proxies come from the
/// environment (http_proxy, HTTPS_PROXY, NO_PROXY).
std::unique_ptr<Transport> make_curl_transport(CurlOptions options);

}  // namespace lamina::client
