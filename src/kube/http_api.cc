// SPDX-License-Identifier: Apache-2.0
#include "kube/http_api.h"

#include <optional>
#include <thread>
#include <utility>

#include "http/curl_transport.h"
#include "http/target.h"
#include "kube/json_text.h"
#include "kube/status.h"
#include "oci/quote.h"

namespace lamina::kube {
namespace {

using std::chrono::seconds;

constexpr unsigned kMaxAttempts = 5;
/// What a request waits at most, all its repetitions together.
constexpr seconds kMaxPatience{10};
/// Far above what a page of large objects has; bounds what a wrong server can make of us.
constexpr std::size_t kMaxAnswer = 1024UL * 1024 * 1024;
/// An object has 1.5 MiB at most; the server's own limits let through somewhat more.
constexpr std::size_t kMaxLine = 64UL * 1024 * 1024;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class TextSink final : public http::ResponseSink {
 public:
  Result<void> begin(unsigned, const http::Headers&) override { return {}; }
  Result<void> write(std::span<const std::byte> bytes) override {
    if (text.size() + bytes.size() > kMaxAnswer)
      return fail(Code::kTooLarge, "the API server's answer is larger than 1 GiB; list smaller pages");
    text += as_text(bytes);
    return {};
  }
  std::string text;
};

/// Cuts a stream into lines.
class LineSink final : public http::ResponseSink {
 public:
  explicit LineSink(const std::function<Result<void>(std::string_view)>& on_line) : on_line_(on_line) {}
  Result<void> begin(unsigned, const http::Headers&) override { return {}; }
  Result<void> write(std::span<const std::byte> bytes) override {
    std::string_view rest = as_text(bytes);
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (begun_.empty()) {
        LAMINA_TRY(take(rest.substr(0, end)));
      } else {
        begun_ += rest.substr(0, end);
        LAMINA_TRY(take(begun_));
        begun_.clear();
      }
      rest.remove_prefix(end + 1);
    }
    begun_ += rest;
    if (begun_.size() > kMaxLine)
      return fail(Code::kTooLarge, "a line of a watch is longer than 64 MiB; is this an API server?");
    return {};
  }

 private:
  Result<void> take(std::string_view line) { return line.empty() ? Result<void>() : on_line_(line); }

  const std::function<Result<void>(std::string_view)>& on_line_;
  std::string begun_;  // The line that is not complete.
};

http::Headers impersonation_of(const Config& config) {
  http::Headers headers;
  if (!config.impersonate_user.empty()) headers.add("Impersonate-User", config.impersonate_user);
  if (!config.impersonate_uid.empty()) headers.add("Impersonate-Uid", config.impersonate_uid);
  for (const std::string& group : config.impersonate_groups) headers.add("Impersonate-Group", group);
  for (const auto& [name, value] : config.impersonate_extra) {
    headers.add("Impersonate-Extra-" + http::percent_encode(name), value);
  }
  return headers;
}

/// Items of built-in lists come without what the list says of them all.
void complete(Object& object, const ResourceType& type) {
  if (object.json.starts_with(R"({"apiVersion":)") || object.json.starts_with(R"({"kind":)")) return;
  const auto members = members_of(object.json);
  if (members && !value_of(*members, "kind").empty()) return;
  object.json.insert(1, R"("apiVersion":")" + type.api_version() + R"(","kind":")" + type.kind + R"(",)");
}

Result<Page> read_page(std::string_view json, const ResourceType& type) {
  LAMINA_ASSIGN(const auto list, members_of(json));
  Page page;
  if (const std::string_view metadata = value_of(list, "metadata"); !metadata.empty()) {
    LAMINA_ASSIGN(const auto fields, members_of(metadata));
    page.resource_version = string_of(value_of(fields, "resourceVersion")).value_or("");
    page.next = string_of(value_of(fields, "continue")).value_or("");
  }
  const std::string_view items = value_of(list, "items");
  if (items.empty()) return page;
  LAMINA_ASSIGN(const auto elements, elements_of(items));
  page.items.reserve(elements.size());
  for (const std::string_view element : elements) {
    LAMINA_ASSIGN(Object object, parse_object(element));
    complete(object, type);
    page.items.push_back(std::move(object));
  }
  return page;
}

/// How long to wait before a repetition; nothing where the server does not say that it did nothing.
std::optional<seconds> delay_of(unsigned status, const Error& error) {
  const auto asked = retry_after(error);
  if (status == 429) return asked.value_or(seconds(1));
  return status == 503 ? asked : std::nullopt;
}

}  // namespace

Wiring system_wiring(const Config& config, std::string user_agent) {
  http::CurlOptions options;
  options.ca_pem = config.ca;
  options.insecure_skip_tls_verify = config.insecure_skip_tls_verify;
  options.tls_server_name = config.tls_server_name;
  options.proxy = config.proxy;
  options.user_agent = std::move(user_agent);
  return {.connect =
              [options = std::move(options)](const Identity& identity) {
                http::CurlOptions own = options;
                own.certificate_pem = identity.certificate;
                own.key_pem = identity.key;
                return http::make_curl_transport(std::move(own));
              },
          .sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }};
}

HttpApi::HttpApi(Config config, const Clock& clock, Wiring wiring)
    : config_(std::move(config)),
      wiring_(std::move(wiring)),
      credentials_(config_, clock, wiring_.run_plugin),
      impersonation_(impersonation_of(config_)),
      types_([this](const Request& request) { return text(request); }) {}

Result<HttpApi::Connection> HttpApi::connection() {
  LAMINA_ASSIGN(auto identity, credentials_.get());
  const std::lock_guard lock(mutex_);
  const Identity* before = connection_.identity.get();
  if (before == nullptr || before->certificate != identity->certificate || before->key != identity->key)
    connection_.transport = wiring_.connect(*identity);
  connection_.identity = std::move(identity);
  return connection_;
}

http::Headers HttpApi::headers(const Request& request, const Identity& identity) const {
  http::Headers headers = impersonation_;
  headers.add("Accept", request.accept);
  if (!request.content_type.empty()) headers.add("Content-Type", request.content_type);
  if (!identity.authorization.empty()) headers.add("Authorization", identity.authorization);
  return headers;
}

Result<void> HttpApi::send(Request request, http::ResponseSink& sink, const Sending& sending) {
  http::HttpRequest http_request{.method = request.method,
                                 .url = config_.server + request.target,
                                 .headers = {},
                                 .stall_timeout = sending.stall_timeout,
                                 .stop = sending.stop};
  http::StringBody body(std::move(request.body));
  bool refreshed = false;
  seconds waited{0};
  for (unsigned attempt = 1;; ++attempt) {
    LAMINA_ASSIGN(const Connection connection, this->connection());
    http_request.headers = headers(request, *connection.identity);
    LAMINA_TRY(body.rewind());
    http::Body* const content = request.content_type.empty() ? nullptr : &body;
    LAMINA_ASSIGN(const http::HttpResponse response,
                  connection.transport->perform(http_request, content, &sink));
    if (response.status >= 200 && response.status < 300) return {};
    if (response.status == 401 && !std::exchange(refreshed, true) &&
        credentials_.refused(connection.identity))
      continue;
    Error error = error_of(response, request.what);
    const auto delay = delay_of(response.status, error);
    if (!sending.repeat || !delay || attempt >= kMaxAttempts || waited + *delay > kMaxPatience)
      return std::unexpected(std::move(error));
    wiring_.sleep(*delay);
    waited += *delay;
  }
}

Result<std::string> HttpApi::text(Request request) {
  TextSink sink;
  LAMINA_TRY(send(std::move(request), sink, {}));
  return std::move(sink.text);
}

Result<Object> HttpApi::object(Result<Request> request) {
  if (!request) return std::unexpected(std::move(request).error());
  LAMINA_ASSIGN(const std::string json, text(*std::move(request)));
  return parse_object(json);
}

Result<Object> HttpApi::get(const ResourceType& type, const ObjectKey& key) {
  return object(get_request(type, key));
}

Result<Page> HttpApi::list(const ResourceType& type, const ListOptions& options, std::string_view next) {
  LAMINA_ASSIGN(Request request, list_request(type, options, next));
  LAMINA_ASSIGN(const std::string json, text(std::move(request)));
  return read_page(json, type);
}

Result<void> HttpApi::watch(const ResourceType& type, const WatchOptions& options,
                            const std::function<Result<void>(std::string_view)>& on_line,
                            std::stop_token stop) {
  LAMINA_ASSIGN(Request request, watch_request(type, options));
  LineSink sink(on_line);
  // Nothing may happen for as long as the watch lasts. Who is gone shows at the level of TCP.
  constexpr seconds kGrace{30};
  return send(std::move(request), sink,
              {.repeat = false, .stall_timeout = options.timeout + kGrace, .stop = std::move(stop)});
}

Result<Object> HttpApi::create(const ResourceType& type, std::string_view namespace_name,
                               std::string_view json, const WriteOptions& options) {
  return object(create_request(type, namespace_name, json, options));
}

Result<Object> HttpApi::update(const ResourceType& type, const ObjectKey& key, std::string_view json,
                               const WriteOptions& options) {
  return object(update_request(type, key, json, options));
}

Result<Object> HttpApi::patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                              std::string_view json, const WriteOptions& options) {
  return object(patch_request(type, key, patch_type, json, options));
}

Result<void> HttpApi::remove(const ResourceType& type, const ObjectKey& key, const DeleteOptions& options) {
  LAMINA_ASSIGN(Request request, remove_request(type, key, options));
  LAMINA_TRY(text(std::move(request)));
  return {};
}

Result<ResourceType> HttpApi::resolve_type(std::string_view name) { return types_.resolve(name); }

std::unique_ptr<Api> make_api(Config config, const Clock& clock, std::string user_agent) {
  Wiring wiring = system_wiring(config, std::move(user_agent));
  return std::make_unique<HttpApi>(std::move(config), clock, std::move(wiring));
}

}  // namespace lamina::kube
