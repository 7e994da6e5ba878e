// SPDX-License-Identifier: Apache-2.0
#include "lamina/client.h"

#include <limits>
#include <utility>

#include "client/client_impl.h"
#include "client/url.h"
#include "http/curl_transport.h"

namespace lamina {
namespace client {

Result<void> Reporter::report(const Progress& progress) {
  if (!function_) return {};
  const std::lock_guard lock(mutex_);
  if (function_(progress)) return {};
  return fail(Code::kCancelled, "given up on request");
}

namespace {

http::CurlOptions curl_options(const ClientOptions& options) {
  return {.ca_file = options.ca_file,
          .client_certificate = options.client_certificate,
          .client_key = options.client_key,
          .ca_pem = options.ca_pem,
          .certificate_pem = options.client_certificate_pem,
          .key_pem = options.client_key_pem,
          .insecure_skip_tls_verify = options.insecure_skip_tls_verify,
          .connect_timeout = options.connect_timeout,
          .stall_timeout = options.stall_timeout,
          .user_agent = options.user_agent,
          .cancelled = options.cancelled};
}

Error missing(const Remote& remote, const Reference& reference, About about) {
  const TagOrDigest target = reference.target();
  const std::string_view separator = std::holds_alternative<Tag>(target) ? ":" : "@";
  return {Code::kNotFound, about,
          remote.registry() + " has no " + reference.repository.str() + std::string(separator) +
              to_string(target)};
}

}  // namespace
}  // namespace client

bool uses_plain_http(const ClientOptions& options, std::string_view registry) {
  if (options.tls_registries.contains(registry)) return false;
  if (options.plain_http_registries.contains(registry) || options.plain_http == PlainHttp::kAlways)
    return true;
  return options.plain_http == PlainHttp::kAuto && client::is_loopback(registry);
}

Client::Impl::Impl(ClientOptions client_options, std::unique_ptr<client::Transport> wire,
                   client::Pacing pacing, std::unique_ptr<Clock> time)
    : options(std::move(client_options)),
      credentials(options.credentials ? options.credentials : docker_credentials()),
      transport(std::move(wire)),
      clock(std::move(time)),
      authenticator(*transport, credentials.get(), *clock),
      exchange(*transport, authenticator, pacing, options.retries),
      no_credentials(*transport, nullptr, *clock),
      anonymous_exchange(*transport, no_credentials, std::move(pacing), options.retries),
      reporter(options.progress) {}

client::Remote& Client::Impl::remote(std::string_view registry) {
  if (registry.empty()) registry = options.default_registry;
  const std::lock_guard lock(mutex);
  auto found = remotes.find(registry);
  if (found == remotes.end()) {
    // The one registry whose address is not its name.
    const std::string_view host = registry == "docker.io" ? "registry-1.docker.io" : registry;
    std::string base = (uses_plain_http(options, registry) ? "http://" : "https://") + std::string(host);
    found = remotes
                .emplace(registry,
                         std::make_unique<client::Remote>(exchange, std::string(registry), std::move(base)))
                .first;
  }
  return *found->second;
}

Client::Client(ClientOptions options) {
  auto transport = http::make_curl_transport(client::curl_options(options));
  impl_ = std::make_unique<Impl>(std::move(options), std::move(transport), client::system_pacing(),
                                 std::make_unique<SystemClock>());
}
Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Published> Client::push(const Reference& target, const Content& content, const PushOptions& options) {
  return client::push(impl_->session(), impl_->remote(target.registry), target, content, options);
}

Result<Descriptor> Client::resolve(const Reference& reference) {
  client::Remote& remote = impl_->remote(reference.registry);
  LAMINA_ASSIGN(auto found, remote.head_manifest(reference.repository, reference.target()));
  if (found) return *std::move(found);
  return std::unexpected(client::missing(remote, reference, About::kManifest));
}

Result<FetchedManifest> Client::manifest(const Reference& reference) {
  return impl_->remote(reference.registry).get_manifest(reference.repository, reference.target());
}

Result<std::vector<FoundArtifact>> Client::find(std::string_view registry, const Identity& identity,
                                                const FindOptions& given) {
  FindOptions options = given;
  if (options.limit == 0) options.limit = std::numeric_limits<std::size_t>::max();
  client::Remote& remote = impl_->remote(registry);
  if (options.mode == FindMode::kDerived) return client::find_derived(remote, identity, options);
  LAMINA_ASSIGN(const std::string version, remote.version());
  if (!version.empty()) return client::search(remote, identity, options);
  if (options.mode == FindMode::kAuto) return client::find_derived(remote, identity, options);
  return fail(Code::kUnsupported,
              remote.registry() + " is not Lamina: only a whole identity can be found there");
}

Result<Pulled> Client::pull(const Reference& reference, const Destination& destination,
                            const PullOptions& options) {
  return client::pull(impl_->session(), impl_->remote(reference.registry), reference, destination, options);
}

Result<Pulled> Client::pull_blob(const Reference& repository, const Digest& digest,
                                 const Destination& destination, const PullOptions& options) {
  return client::pull_blob(impl_->session(), impl_->remote(repository.registry), repository, digest,
                           destination, options);
}

Result<Pulled> Client::pull_url(std::string_view url, const Digest& digest, std::optional<std::uint64_t> size,
                                const Destination& destination, const PullOptions& options) {
  return client::pull_url(impl_->session(), impl_->anonymous_exchange, url, digest, size, destination,
                          options);
}

Result<Verified> Client::verify(const Reference& reference) {
  return client::verify(impl_->session(), impl_->remote(reference.registry), reference);
}

Result<Deleted> Client::remove(const Reference& reference) {
  client::Remote& remote = impl_->remote(reference.registry);
  if (reference.digest) {
    LAMINA_TRY(client::remove_manifest(remote, reference.repository, *reference.digest));
    return Deleted{.digest = reference.digest};
  }
  LAMINA_ASSIGN(const auto found, remote.head_manifest(reference.repository, reference.target()));
  if (!found) return std::unexpected(client::missing(remote, reference, About::kTag));
  LAMINA_TRY(remote.delete_manifest(reference.repository, reference.target()));
  return Deleted{.digest = found->digest};
}

Result<Copied> Client::copy(const Reference& from, const Reference& to, const CopyOptions& options) {
  return client::copy(impl_->session(), impl_->remote(from.registry), from, impl_->remote(to.registry), to,
                      options);
}

Result<std::vector<Tag>> Client::tags(const Reference& repository, std::size_t limit) {
  return client::list_tags(impl_->remote(repository.registry), repository.repository, limit);
}

Result<std::vector<RepositoryName>> Client::repositories(std::string_view registry, std::size_t limit) {
  return client::list_repositories(impl_->remote(registry), limit);
}

Result<std::vector<Descriptor>> Client::referrers(const Reference& subject, std::string_view artifact_type) {
  client::Remote& remote = impl_->remote(subject.registry);
  std::optional<Digest> digest = subject.digest;
  if (!digest) {
    LAMINA_ASSIGN(const Descriptor descriptor, resolve(subject));
    digest = descriptor.digest;
  }
  return client::list_referrers(remote, subject.repository, *digest, artifact_type);
}

Result<std::string> Client::server_version(std::string_view registry) {
  return impl_->remote(registry).version();
}

}  // namespace lamina
