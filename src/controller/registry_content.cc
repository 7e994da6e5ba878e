// SPDX-License-Identifier: Apache-2.0
#include "controller/registry_content.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

#include "controller/fields.h"
#include "oci/base64.h"

namespace lamina::controller {
namespace {

/// Objects of many namespaces may bring registries along.
constexpr std::size_t kMostClients = 64;

const kube::ResourceType& secret_type() {
  static const kube::ResourceType kType{.group = "", .version = "v1", .plural = "secrets", .kind = "Secret"};
  return kType;
}

class NoSink final : public Sink {
 public:
  Result<void> write(std::span<const std::byte>) override { return {}; }
};

std::optional<std::string_view> detail(const Error& error, std::string_view name) {
  for (const std::string& entry : error.detail) {
    if (entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=') {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

std::unexpected<Trouble> trouble(Reason reason, std::string message) {
  return std::unexpected(Trouble{.reason = reason, .message = std::move(message), .retry_after = {}});
}

std::unexpected<Trouble> mismatch(std::string_view what, const std::string& expected,
                                  const std::string& found) {
  return trouble(Reason::kDigestMismatch,
                 "expected a layer with " + std::string(what) + " " + expected + ", found " + found);
}

std::expected<void, Trouble> compare(const Descriptor& layer, const Expected& expected) {
  if (expected.layer_digest && *expected.layer_digest != layer.digest) {
    return mismatch("digest", expected.layer_digest->to_string(), layer.digest.to_string());
  }
  if (expected.layer_size && *expected.layer_size != layer.size) {
    return mismatch("size", std::to_string(*expected.layer_size), std::to_string(layer.size));
  }
  if (!expected.layer_media_type.empty() && expected.layer_media_type != layer.media_type) {
    return mismatch("media type", expected.layer_media_type, layer.media_type);
  }
  return {};
}

/// `data` of a Secret, decoded.
std::string secret_value(const oci::Json& secret, std::string_view key) {
  const auto decoded = oci::from_base64(fields::text(secret.find("data"), key));
  return decoded ? *decoded : std::string{};
}

}  // namespace

Trouble trouble_of(const Error& error, std::string_view what) {
  Trouble found{.reason = Reason::kRegistryUnavailable,
                .message = std::string(what) + ": " + error.message,
                .retry_after = {}};
  if (const auto seconds = detail(error, "retryAfterSeconds")) {
    unsigned number = 0;
    std::from_chars(seconds->data(), seconds->data() + seconds->size(), number);
    found.retry_after = std::chrono::seconds(std::min(number, 3600U));
  }
  switch (error.code) {
    case Code::kNotFound: found.reason = Reason::kArtifactNotFound; break;
    case Code::kMismatch: found.reason = Reason::kDigestMismatch; break;
    case Code::kCorrupt: found.reason = Reason::kContentCorrupted; break;
    case Code::kUnauthorized:
    case Code::kDenied: found.reason = Reason::kAuthenticationFailed; break;
    case Code::kInvalid:
    case Code::kUnsupported:
    case Code::kTooLarge: found.reason = Reason::kUnsupportedArtifact; break;
    default:
      if (detail(error, "status") == "429") found.reason = Reason::kRegistryRateLimited;
      break;
  }
  return found;
}

std::expected<Content, Trouble> RegistryContent::look(const Reference& reference, const Expected& expected,
                                                      const RegistryAccess* access,
                                                      const std::string& namespace_name) {
  std::shared_ptr<Client> theirs;
  if (access != nullptr) {
    LAMINA_ASSIGN(theirs, client_of(*access, namespace_name));
  }
  Client& client = theirs ? *theirs : own_;
  const std::string what = reference.to_string();
  Reference place = reference;
  if (!theirs) place.registry = endpoint_;

  auto manifest = client.manifest(place);
  if (!manifest) return std::unexpected(trouble_of(manifest.error(), what));
  if (manifest->manifest.layers.size() != 1) {
    return trouble(Reason::kUnsupportedArtifact,
                   what + ": expected an image manifest with exactly one layer, found " +
                       (manifest->manifest.manifests.empty()
                            ? std::to_string(manifest->manifest.layers.size()) + " layers"
                            : std::string("an index")));
  }
  const Descriptor& layer = manifest->manifest.layers.front();
  LAMINA_TRY(compare(layer, expected));

  NoSink sink;
  const auto pulled = client.pull_blob(place, layer.digest, StreamDestination{.sink = &sink});
  if (!pulled) {
    return std::unexpected(trouble_of(pulled.error(), what + ", layer " + layer.digest.to_string()));
  }
  if (pulled->bytes_written != layer.size) {
    return mismatch("size", std::to_string(layer.size), std::to_string(pulled->bytes_written));
  }
  return Content{.manifest = std::move(manifest->descriptor),
                 .layer = layer,
                 .annotations = std::move(manifest->manifest.annotations)};
}

std::expected<Digest, Trouble> RegistryContent::resolve(const Reference& reference) {
  Reference place = reference;
  place.registry = endpoint_;
  const auto found = own_.resolve(place);
  if (!found) return std::unexpected(trouble_of(found.error(), reference.to_string()));
  return found->digest;
}

std::expected<void, Trouble> RegistryContent::remove(const Reference& reference) {
  Reference place = reference;
  place.registry = endpoint_;
  const auto removed = own_.remove(place);
  if (removed || removed.error().code == Code::kNotFound) return {};
  return std::unexpected(trouble_of(removed.error(), reference.to_string()));
}

std::expected<RegistryContent::Secrets, Trouble> RegistryContent::read_secrets(
    const RegistryAccess& access, const std::string& namespace_name) {
  Secrets secrets;
  const auto read = [&](const std::string& name) -> std::expected<oci::Json, Trouble> {
    const auto object = api_.get(secret_type(), {.namespace_name = namespace_name, .name = name});
    if (!object) {
      const bool passing = object.error().code == Code::kUnavailable;
      return trouble(passing ? Reason::kRegistryUnavailable : Reason::kSecretNotFound,
                     "Secret " + namespace_name + "/" + name + ": " + object.error().message);
    }
    secrets.versions += object->uid + "/" + object->resource_version + ";";
    auto json = oci::parse_json(object->json);
    if (!json) return trouble(Reason::kSecretNotFound, "Secret " + name + ": " + json.error().message);
    return *std::move(json);
  };
  if (!access.credentials_secret.empty()) {
    LAMINA_ASSIGN(const oci::Json secret, read(access.credentials_secret));
    const std::string config = secret_value(secret, ".dockerconfigjson");
    if (config.empty()) {
      return trouble(Reason::kSecretNotFound, "Secret " + namespace_name + "/" + access.credentials_secret +
                                                  ": expected type kubernetes.io/dockerconfigjson with a key "
                                                  ".dockerconfigjson");
    }
    secrets.options.credentials = docker_credentials_from(config);
  } else {
    secrets.options.credentials = docker_credentials_from("{}");
  }
  if (!access.tls_secret.empty()) {
    LAMINA_ASSIGN(const oci::Json secret, read(access.tls_secret));
    secrets.options.ca_pem = secret_value(secret, "ca.crt");
    secrets.options.client_certificate_pem = secret_value(secret, "tls.crt");
    secrets.options.client_key_pem = secret_value(secret, "tls.key");
    if (secrets.options.ca_pem.empty() && secrets.options.client_certificate_pem.empty()) {
      return trouble(Reason::kSecretNotFound, "Secret " + namespace_name + "/" + access.tls_secret +
                                                  ": expected a key ca.crt, or tls.crt and tls.key");
    }
  }
  secrets.options.plain_http = access.plain_http ? PlainHttp::kAlways : PlainHttp::kNever;
  return secrets;
}

std::expected<std::shared_ptr<Client>, Trouble> RegistryContent::client_of(
    const RegistryAccess& access, const std::string& namespace_name) {
  LAMINA_ASSIGN(Secrets secrets, read_secrets(access, namespace_name));
  const std::string key = namespace_name + "/" + access.host + (access.plain_http ? "+http" : "") + "/" +
                          access.credentials_secret + "/" + access.tls_secret;
  const std::lock_guard lock(mutex_);
  if (const auto found = clients_.find(key); found != clients_.end()) {
    if (found->second.first == secrets.versions) return found->second.second;
    clients_.erase(found);
  }
  if (clients_.size() >= kMostClients) clients_.erase(clients_.begin());
  std::shared_ptr<Client> made = make_client_(std::move(secrets.options));
  clients_.emplace(key, std::pair(std::move(secrets.versions), made));
  return made;
}

}  // namespace lamina::controller
