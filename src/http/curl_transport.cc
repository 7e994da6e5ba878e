// SPDX-License-Identifier: Apache-2.0
#include "http/curl_transport.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace lamina::http {
namespace {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

bool append(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// What the callbacks of one transfer share.
struct Transfer {
  CURL* handle = nullptr;
  Body* body = nullptr;
  ResponseSink* sink = nullptr;
  HttpResponse response;
  bool begun = false;
  std::optional<Error> error;  // Of the body or the sink.
  std::stop_token stop;
  const std::function<bool()>& cancelled;
};

std::size_t on_header(char* data, std::size_t, std::size_t length, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, length);
  if (line.starts_with("HTTP/")) {  // A new head: the one before was 100 Continue or a proxy's.
    transfer.response.headers = {};
    const std::size_t space = line.find(' ');
    transfer.response.status = 0;
    if (space != std::string_view::npos) {
      const char* first = line.data() + space + 1;
      std::from_chars(first, line.data() + line.size(), transfer.response.status);
    }
    return length;
  }
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    transfer.response.headers.add(std::string(trim(line.substr(0, colon))),
                                  std::string(trim(line.substr(colon + 1))));
  }
  return length;
}

bool to_sink(const Transfer& transfer) {
  return transfer.sink != nullptr && transfer.response.status >= 200 && transfer.response.status < 300;
}

bool begin_sink(Transfer& transfer) {
  if (transfer.begun) return true;
  transfer.begun = true;
  auto begun = transfer.sink->begin(transfer.response.status, transfer.response.headers);
  if (!begun) transfer.error = std::move(begun).error();
  return !transfer.error;
}

std::size_t on_body(char* data, std::size_t, std::size_t length, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!to_sink(transfer)) {
    std::string& kept = transfer.response.body;
    kept.append(data, std::min(length, kMaxBufferedBody - kept.size()));
    return length;
  }
  if (!begin_sink(transfer)) return 0;
  auto written = transfer.sink->write(std::as_bytes(std::span(data, length)));
  if (written) return length;
  transfer.error = std::move(written).error();
  return 0;
}

std::size_t on_read(char* buffer, std::size_t, std::size_t length, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  auto read = transfer.body->read(std::as_writable_bytes(std::span(buffer, length)));
  if (read) return *read;
  transfer.error = std::move(read).error();
  return CURL_READFUNC_ABORT;
}

/// curl rewinds where a kept connection turns out to be closed before it took the request.
int on_seek(void* user, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  auto rewound = transfer.body->rewind();
  return rewound && *rewound ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

/// What a handle knows of a transfer that failed.
struct Circumstances {
  bool unknown_authority = false;
  bool silent = false;    ///< Not a byte of an answer came.
  long proxy_status = 0;  ///< Of CONNECT; 0: none.
};

Circumstances circumstances_of(CURL* handle) {
  Circumstances found;
  long verified = 0;
  curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &verified);
  // OpenSSL's X509_V_ERR_*: no issuer, a signature of another key, self-signed, no chain to a root.
  for (const long unknown : {2, 7, 18, 19, 20, 21}) found.unknown_authority |= verified == unknown;
  long head_bytes = 0;
  curl_easy_getinfo(handle, CURLINFO_HEADER_SIZE, &head_bytes);
  found.silent = head_bytes == 0;
  curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &found.proxy_status);
  return found;
}

/// With TLS 1.3 a client certificate is judged after the handshake: an alert comes in place of an answer, and
/// libcurl tells it apart by its text only.
bool is_refusal_of_certificate(std::string_view message) {
  const std::size_t alert = message.find(" alert ");
  if (alert == std::string_view::npos) return false;
  message.remove_prefix(alert);
  return message.find("certificate") != std::string_view::npos ||
         message.find("unknown ca") != std::string_view::npos;
}

/// Called about once a second also while no byte moves.
int on_wait(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<const Transfer*>(user);
  return transfer.stop.stop_requested() || (transfer.cancelled && transfer.cancelled()) ? 1 : 0;
}

/// A peer that answers no probe of TCP is gone: four in a row, 15 seconds apart.
int on_socket(void*, curl_socket_t socket, curlsocktype) {
  const int probes = 4;
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  return CURL_SOCKOPT_OK;
}

curl_blob blob_of(const std::string& bytes) {
  // Not written to: without CURL_BLOB_COPY libcurl only reads it.
  return {.data = const_cast<char*>(bytes.data()), .len = bytes.size(), .flags = CURL_BLOB_NOCOPY};
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

/// How to reach one host and speak TLS with it under another name.
struct Alias {
  std::string url;      ///< With the name in place of the host.
  std::string connect;  ///< For CURLOPT_CONNECT_TO.
  std::string host;     ///< The field Host.
};
std::optional<Alias> alias_of(const std::string& url, const std::string& name) {
  const std::unique_ptr<CURLU, UrlDeleter> parts(curl_url());
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const std::string host = part_of(parts.get(), CURLUPART_HOST) + ":" + part_of(parts.get(), CURLUPART_PORT);
  if (curl_url_set(parts.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK) return std::nullopt;
  return Alias{.url = part_of(parts.get(), CURLUPART_URL), .connect = "::" + host, .host = "Host: " + host};
}

/// A peer that hangs up while TLS writes to it must not end the process: OpenSSL writes without MSG_NOSIGNAL,
/// and libcurl leaves signals alone, as the threads of a library should (CURLOPT_NOSIGNAL). So SIGPIPE is
/// blocked meanwhile, and one that came is taken.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    if (sigismember(&before_, SIGPIPE) == 1) return;  // Blocked by the caller, and the caller's to take.
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {}
  ~CurlTransport() override {
    const NoBrokenPipe guard;
    idle_.clear();
  }

  Result<HttpResponse> perform(const HttpRequest& request, Body* body, ResponseSink* sink) override {
    std::optional<NoBrokenPipe> guard;  // Outlives the handle, which may close its connection.
    if (request.url.starts_with("https:")) guard.emplace();
    Easy handle = take();
    if (!handle) return fail(Code::kInternal, "libcurl has no memory for a connection");
    Transfer transfer{.handle = handle.get(),
                      .body = body,
                      .sink = sink,
                      .response = {},
                      .error = {},
                      .stop = request.stop,
                      .cancelled = options_.cancelled};
    List fields, connect_to;
    char message[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, message);
    if (!set_up(handle.get(), request, transfer, fields, connect_to)) {
      return fail(Code::kInternal, "libcurl refuses the settings of this request");
    }
    const CURLcode code = curl_easy_perform(handle.get());
    const Circumstances circumstances = circumstances_of(handle.get());
    // One whose transfer failed may refuse settings from then on (libcurl 7.88, CURLOPT_BUFFERSIZE).
    if (code == CURLE_OK) give_back(std::move(handle));

    if (transfer.error) return std::unexpected(*std::move(transfer.error));
    if (code != CURLE_OK) return failure(code, circumstances, request, message);
    if (to_sink(transfer) && request.method != "HEAD" && !begin_sink(transfer)) {
      return std::unexpected(*std::move(transfer.error));
    }
    return std::move(transfer.response);
  }

 private:
  bool set_up(CURL* handle, const HttpRequest& request, Transfer& transfer, List& fields,
              List& connect_to) const {
    bool ok = true;
    const auto set = [&](CURLoption option, auto value) {
      ok = curl_easy_setopt(handle, option, value) == CURLE_OK && ok;
    };
    if (options_.tls_server_name.empty()) {
      set(CURLOPT_URL, request.url.c_str());
    } else if (const auto alias = alias_of(request.url, options_.tls_server_name)) {
      set(CURLOPT_URL, alias->url.c_str());
      ok = append(connect_to, alias->connect) && append(fields, alias->host) && ok;
      set(CURLOPT_CONNECT_TO, connect_to.get());
    } else {
      return false;
    }
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_BUFFERSIZE, 256L * 1024);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_TCP_KEEPIDLE, 15L);
    set(CURLOPT_TCP_KEEPINTVL, 15L);
    set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    const auto stall = request.stall_timeout.count() > 0 ? request.stall_timeout : options_.stall_timeout;
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall.count()));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    ok = set_up_trust(handle) && ok;
    if (!options_.proxy.empty()) {
      set(CURLOPT_PROXY, options_.proxy.c_str());
      set(CURLOPT_NOPROXY, "");  // NO_PROXY speaks of the environment's.
    }
    if (options_.cancelled || request.stop.stop_possible()) {
      set(CURLOPT_NOPROGRESS, 0L);
      set(CURLOPT_XFERINFOFUNCTION, &on_wait);
      set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
    }
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));

    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    ok = set_up_body(handle, request, transfer, fields) && ok;
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    for (const auto& [name, value] : request.headers) {
      // "Name;" is how curl writes a field without a value.
      std::string field = name;
      field += value.empty() ? ";" : ": ";
      field += value;
      ok = append(fields, field) && ok;
    }
    set(CURLOPT_HTTPHEADER, fields.get());
    return ok;
  }

  static bool set_up_body(CURL* handle, const HttpRequest& request, Transfer& transfer, List& fields) {
    bool ok = true;
    const auto set = [&](CURLoption option, auto value) {
      ok = curl_easy_setopt(handle, option, value) == CURLE_OK && ok;
    };
    const auto set_post = [&](std::string_view bytes) {
      set(CURLOPT_POSTFIELDS, bytes.data());  // Not copied.
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
      // Else curl calls it a form.
      if (!request.headers.find("Content-Type")) ok = append(fields, "Content-Type:") && ok;
    };
    if (transfer.body == nullptr) {
      if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH") set_post("");
      return ok;
    }
    const auto size = transfer.body->size();
    if (const auto bytes = transfer.body->bytes()) {
      set_post(*bytes);
    } else {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
      set(CURLOPT_READFUNCTION, &on_read);
      set(CURLOPT_READDATA, static_cast<void*>(&transfer));
      set(CURLOPT_SEEKFUNCTION, &on_seek);
      set(CURLOPT_SEEKDATA, static_cast<void*>(&transfer));
      if (size) set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*size));
      if (!size) ok = append(fields, "Transfer-Encoding: chunked") && ok;
    }
    // A server that never answers `100 Continue` must not cost more than this on each upload.
    set(CURLOPT_EXPECT_100_TIMEOUT_MS, 1000L);
    if (size && *size < kMinExpectBytes) ok = append(fields, "Expect:") && ok;
    return ok;
  }

  bool set_up_trust(CURL* handle) const {
    bool ok = true;
    const auto set = [&](CURLoption option, auto value) {
      ok = curl_easy_setopt(handle, option, value) == CURLE_OK && ok;
    };
    const auto set_blob = [&](CURLoption option, const std::string& bytes) {
      curl_blob blob = blob_of(bytes);
      set(option, &blob);
    };
    const bool own_roots = !options_.ca_pem.empty() || !options_.ca_file.empty();
    // Else the system's roots count beside it.
    if (own_roots) set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    if (!options_.ca_pem.empty()) {
      set_blob(CURLOPT_CAINFO_BLOB, options_.ca_pem);
    } else if (own_roots) {
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (!options_.certificate_pem.empty()) {
      set_blob(CURLOPT_SSLCERT_BLOB, options_.certificate_pem);
    } else if (!options_.client_certificate.empty()) {
      set(CURLOPT_SSLCERT, options_.client_certificate.c_str());
    }
    if (!options_.key_pem.empty()) {
      set_blob(CURLOPT_SSLKEY_BLOB, options_.key_pem);
    } else if (!options_.client_key.empty()) {
      set(CURLOPT_SSLKEY, options_.client_key.c_str());
    }
    if (options_.insecure_skip_tls_verify) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return ok;
  }

  static std::unexpected<Error> failure(CURLcode code, const Circumstances& circumstances,
                                        const HttpRequest& request, const char* message) {
    const std::string what = request.method + " " + request.url.substr(0, request.url.find('?')) + ": " +
                             (*message != '\0' ? message : curl_easy_strerror(code));
    if (circumstances.proxy_status == 407) {
      return fail(Code::kUnauthorized, what + "; give the proxy's user and password in its URL");
    }
    if (is_refusal_of_certificate(message)) {
      return fail(Code::kUnauthorized, what + "; the server wants a client certificate that it trusts");
    }
    switch (code) {
      case CURLE_PEER_FAILED_VERIFICATION:
        return fail(Code::kUnauthorized,
                    circumstances.unknown_authority
                        ? what + "; name the authority's certificate with a CA file if the server has its own"
                        : what);
      case CURLE_SSL_CERTPROBLEM:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL: return fail(Code::kInvalid, what);
      case CURLE_SSL_CONNECT_ERROR:
        return fail(Code::kUnavailable, what + "; if the server speaks plain HTTP, ask for it");
      case CURLE_SEND_ERROR:
      case CURLE_RECV_ERROR:
        // Who hangs up before it answers may also have been refused a certificate: its alert can get lost.
        return fail(Code::kUnavailable, circumstances.silent && request.url.starts_with("https:")
                                            ? what + "; perhaps the server wants a client certificate"
                                            : what);
      case CURLE_ABORTED_BY_CALLBACK: return fail(Code::kCancelled, what);
      case CURLE_OUT_OF_MEMORY: return fail(Code::kInternal, what);
      default: return fail(Code::kUnavailable, what);
    }
  }

  Easy take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return Easy(curl_easy_init());
    Easy handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
  }
  void give_back(Easy handle) {
    curl_easy_reset(handle.get());  // Keeps its connections.
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(handle));
  }

  static constexpr std::uint64_t kMinExpectBytes =
      1024 * 1024;  // Below it the wait costs more than the bytes.

  const CurlOptions options_;
  std::mutex mutex_;
  std::vector<Easy> idle_;  // Guarded by mutex_; as many as requests were ever in progress at once.
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(CurlOptions options) {
  // libcurl counts its users; initialisation is thread-safe since 7.84.
  struct Library {
    Library() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  };
  static const Library library;
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace lamina::http
