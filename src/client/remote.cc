// SPDX-License-Identifier: Apache-2.0
#include "client/remote.h"

#include <charconv>
#include <utility>

#include "client/url.h"
#include "oci/file_name.h"

namespace lamina::client {
namespace {

constexpr std::string_view kAccept =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json";

std::string manifest_path(const RepositoryName& repository, const TagOrDigest& reference) {
  return "/v2/" + repository.str() + "/manifests/" + to_string(reference);
}

std::string blob_path(const RepositoryName& repository, const Digest& digest) {
  return "/v2/" + repository.str() + "/blobs/" + digest.to_string();
}

/// Without parameters such as charset.
std::string media_type_of(const HttpResponse& response) {
  std::string_view type = response.headers.find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  return std::string(type.substr(0, type.find_last_not_of(" \t") + 1));
}

std::optional<Digest> stated_digest(const HttpResponse& response) {
  const auto field = response.headers.find("Docker-Content-Digest");
  if (!field) return std::nullopt;
  auto digest = Digest::parse(*field);
  if (!digest) return std::nullopt;
  return *std::move(digest);
}

std::optional<std::uint64_t> content_length(const HttpResponse& response) {
  const auto field = response.headers.find("Content-Length");
  std::uint64_t length = 0;
  if (!field) return std::nullopt;
  const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), length);
  if (error != std::errc() || end != field->data() + field->size()) return std::nullopt;
  return length;
}

bool is_success(const HttpResponse& response) { return response.status >= 200 && response.status < 300; }

}  // namespace

Descriptor describe(std::string media_type, const Digest& digest, std::uint64_t size) {
  Descriptor descriptor;
  descriptor.media_type = std::move(media_type);
  descriptor.digest = digest;
  descriptor.size = size;
  return descriptor;
}

std::string scope_of(const RepositoryName& repository, Access access) {
  constexpr std::string_view kActions[] = {":pull", ":pull,push", ":delete,pull,push"};
  return "repository:" + repository.str() + std::string(kActions[static_cast<std::size_t>(access)]);
}

Call Remote::call(std::string method, std::string_view path, const RepositoryName* repository,
                  Access access) const {
  Call result{.request = {.method = std::move(method), .url = base_ + std::string(path), .headers = {}},
              .registry = registry_,
              .repository = repository != nullptr ? repository->str() : "",
              .scope = repository != nullptr ? scope_of(*repository, access) : ""};
  return result;
}

Result<HttpResponse> Remote::send(Call call) {
  const HttpRequest request = call.request;
  LAMINA_ASSIGN(HttpResponse response, exchange_.send(std::move(call)));
  if (!is_success(response)) return std::unexpected(to_error(request, response));
  return response;
}

Result<std::string> Remote::version() {
  LAMINA_ASSIGN(Greeting known, greeting());
  return std::move(known.version);
}

Result<std::string> Remote::file_url(const RepositoryName& repository, const Digest& manifest,
                                     const Descriptor& layer) {
  LAMINA_ASSIGN(const Greeting known, greeting());
  if (known.version.empty()) return std::string();
  return (known.advertise_url.empty() ? base_ : known.advertise_url) + "/files/" + repository.str() + '/' +
         manifest.to_string() + '/' + percent_encode(oci::file_name(layer));
}

Result<Remote::Greeting> Remote::greeting() {
  {
    const std::lock_guard lock(mutex_);
    if (greeting_) return *greeting_;
  }
  Call ping = call("GET", "/v2/", nullptr, Access::kPull);
  const HttpRequest request = ping.request;
  LAMINA_ASSIGN(const HttpResponse response, send_any(std::move(ping)));
  // Registries that let nobody in here may still serve a repository: only who does not answer at all has
  // failed.
  if (response.status >= 500) return std::unexpected(to_error(request, response));
  const std::lock_guard lock(mutex_);
  return greeting_.emplace(
      Greeting{.version = std::string(response.headers.find("Lamina-Version").value_or("")),
               .advertise_url = std::string(response.headers.find("Lamina-Advertise-Url").value_or(""))});
}

Result<std::optional<Descriptor>> Remote::head_manifest(const RepositoryName& repository,
                                                        const TagOrDigest& reference) {
  Call head = call("HEAD", manifest_path(repository, reference), &repository, Access::kPull);
  head.request.headers.add("Accept", std::string(kAccept));
  const HttpRequest request = head.request;
  LAMINA_ASSIGN(const HttpResponse response, send_any(std::move(head)));
  if (response.status == 404) return std::nullopt;
  if (is_success(response)) {
    const auto digest = stated_digest(response);
    const auto size = content_length(response);
    if (digest && size) {
      if (const auto* asked = std::get_if<Digest>(&reference); asked != nullptr && *asked != *digest) {
        return fail(Code::kMismatch, About::kDigest, request.url + " is said to be " + digest->to_string());
      }
      return describe(media_type_of(response), *digest, *size);
    }
  } else if (response.status != 405) {
    return std::unexpected(to_error(request, response));
  }
  auto fetched = get_manifest(repository, reference);
  if (!fetched && fetched.error().code == Code::kNotFound) return std::nullopt;
  if (!fetched) return std::unexpected(std::move(fetched).error());
  return std::move(fetched->descriptor);
}

Result<FetchedManifest> Remote::get_manifest(const RepositoryName& repository, const TagOrDigest& reference) {
  Call get = call("GET", manifest_path(repository, reference), &repository, Access::kPull);
  get.request.headers.add("Accept", std::string(kAccept));
  const std::string url = get.request.url;
  LAMINA_ASSIGN(HttpResponse response, send(std::move(get)));
  if (response.body.size() > kMaxManifestBytes) {
    return fail(Code::kTooLarge, About::kManifest, url + " is larger than the 4 MiB of a manifest");
  }
  // What the caller asked for binds; what the registry states only where the caller named a tag.
  const auto* asked = std::get_if<Digest>(&reference);
  const auto expected = asked != nullptr ? std::optional(*asked) : stated_digest(response);
  const Digest digest = Digest::of(response.body, expected ? expected->algorithm() : Algorithm::kSha256);
  if (expected && digest != *expected) {
    return fail(Code::kMismatch, About::kDigest,
                "expected a manifest with digest " + expected->to_string() + ", " + url + " has " +
                    digest.to_string());
  }
  std::string type = media_type_of(response);
  LAMINA_ASSIGN(Manifest manifest, parse_manifest(response.body, type));
  Descriptor descriptor = describe(std::move(type), digest, response.body.size());
  return FetchedManifest{std::move(descriptor), std::move(response.body), std::move(manifest)};
}

Result<bool> Remote::put_manifest(const RepositoryName& repository, const TagOrDigest& reference,
                                  std::string_view media_type, std::string_view bytes) {
  StringBody body{std::string(bytes)};
  Call put = call("PUT", manifest_path(repository, reference), &repository, Access::kPush);
  put.request.headers.add("Content-Type", std::string(media_type));
  put.body = &body;
  const std::string url = put.request.url;
  LAMINA_ASSIGN(const HttpResponse response, send(std::move(put)));
  if (const auto stored = stated_digest(response);
      stored && *stored != Digest::of(bytes, stored->algorithm())) {
    return fail(Code::kMismatch, About::kDigest,
                url + " was stored as " + stored->to_string() + ", which is not what was sent");
  }
  return response.headers.find("OCI-Subject").has_value();
}

Result<void> Remote::delete_manifest(const RepositoryName& repository, const TagOrDigest& reference) {
  Call remove = call("DELETE", manifest_path(repository, reference), &repository, Access::kDelete);
  const HttpRequest request = remove.request;
  LAMINA_ASSIGN(const HttpResponse response, send_any(std::move(remove)));
  if (is_success(response)) return {};
  Error error = to_error(request, response);
  // distribution 2 answers a tag with 400 DIGEST_INVALID.
  if (std::holds_alternative<Tag>(reference) && (response.status == 400 || response.status == 405)) {
    error.code = Code::kUnsupported;
    error.message += "; this registry does not remove tags, name the manifest by its digest";
  }
  return std::unexpected(std::move(error));
}

Result<bool> Remote::has_blob(const RepositoryName& repository, const Digest& digest) {
  // With push rights: the registry may renew what keeps the blob until the manifest names it.
  Call head = call("HEAD", blob_path(repository, digest), &repository, Access::kPush);
  const HttpRequest request = head.request;
  LAMINA_ASSIGN(const HttpResponse response, send_any(std::move(head)));
  if (response.status == 404) return false;
  if (!is_success(response)) return std::unexpected(to_error(request, response));
  return true;
}

Result<std::string> Remote::begin_upload(const RepositoryName& repository) {
  Call post = call("POST", "/v2/" + repository.str() + "/blobs/uploads/", &repository, Access::kPush);
  const std::string url = post.request.url;
  LAMINA_ASSIGN(const HttpResponse response, send(std::move(post)));
  const auto location = response.headers.find("Location");
  if (!location)
    return fail(Code::kUnavailable, "expected the Location of an upload from " + url + ", found none");
  return resolve_url(url, *location);
}

/// An upload whose answer was lost may have succeeded; its session is then gone.
Result<void> Remote::settle(const RepositoryName& repository, const Digest& digest,
                            Result<HttpResponse> put) {
  if (put && is_success(*put)) return {};
  const HttpRequest request{
      .method = "PUT", .url = base_ + "/v2/" + repository.str() + "/blobs/uploads/", .headers = {}};
  Error error = put ? to_error(request, *put) : std::move(put).error();
  if (error.code == Code::kNotFound || error.code == Code::kUnavailable) {
    const auto present = has_blob(repository, digest);
    if (present && *present) return {};
  }
  return std::unexpected(std::move(error));
}

Result<void> Remote::upload_known(const RepositoryName& repository, const Digest& digest, Body& body) {
  LAMINA_ASSIGN(std::string location, begin_upload(repository));
  Call put = call("PUT", "", &repository, Access::kPush);
  add_query(location, "digest", digest.to_string());
  put.request.url = std::move(location);
  put.request.headers.add("Content-Type", std::string(media_type::kOctetStream));
  put.body = &body;
  // The registry may have kept a part of the broken attempt, so the next one is a new upload.
  put.before_repeat = [&](HttpRequest& request) -> Result<Repeat> {
    LAMINA_ASSIGN(const bool rewound, body.rewind());
    if (!rewound) return Repeat::kNo;
    LAMINA_ASSIGN(request.url, begin_upload(repository));
    add_query(request.url, "digest", digest.to_string());
    return Repeat::kYes;
  };
  return settle(repository, digest, send_any(std::move(put)));
}

Result<void> Remote::upload_unknown(const RepositoryName& repository, HashingBody& body) {
  Call patch = call("PATCH", "", &repository, Access::kPush);
  LAMINA_ASSIGN(patch.request.url, begin_upload(repository));
  patch.request.headers.add("Content-Type", std::string(media_type::kOctetStream));
  patch.body = &body;
  std::string url = patch.request.url;
  patch.before_repeat = [&](HttpRequest& request) -> Result<Repeat> {
    LAMINA_ASSIGN(const bool rewound, body.rewind());
    if (!rewound) return Repeat::kNo;
    LAMINA_ASSIGN(request.url, begin_upload(repository));
    url = request.url;
    return Repeat::kYes;
  };
  LAMINA_ASSIGN(const HttpResponse response, send(std::move(patch)));
  if (const auto location = response.headers.find("Location")) {
    LAMINA_ASSIGN(url, resolve_url(url, *location));
  }
  const Digest digest = body.digest();
  add_query(url, "digest", digest.to_string());
  Call put = call("PUT", "", &repository, Access::kPush);
  put.request.url = std::move(url);
  return settle(repository, digest, send_any(std::move(put)));
}

Result<bool> Remote::mount(const RepositoryName& repository, const Digest& digest,
                           const RepositoryName& from) {
  std::string path = "/v2/" + repository.str() + "/blobs/uploads/";
  add_query(path, "mount", digest.to_string());
  add_query(path, "from", from.str());
  Call post = call("POST", path, &repository, Access::kPush);
  post.scope += " " + scope_of(from, Access::kPull);
  const std::string url = post.request.url;
  LAMINA_ASSIGN(const HttpResponse response, send(std::move(post)));
  if (response.status == 201) return true;
  // 202 has begun an upload that nobody goes on with; not every registry can cancel it.
  if (const auto location = response.headers.find("Location")) {
    LAMINA_ASSIGN(const std::string session, resolve_url(url, *location));
    Call cancel = call("DELETE", "", &repository, Access::kPush);
    cancel.request.url = session;
    static_cast<void>(send_any(std::move(cancel)));
  }
  return false;
}

Result<void> Remote::pages(std::string_view path, const RepositoryName* repository,
                           const std::function<Result<bool>(const HttpResponse&)>& page) {
  constexpr unsigned kMaxPages = 10'000;
  Call first = call("GET", path, repository, Access::kPull);
  if (repository == nullptr && path.starts_with("/v2/_catalog")) first.scope = "registry:catalog:*";
  std::string url = first.request.url;
  LAMINA_ASSIGN(const std::string home, origin_of(url));
  for (unsigned count = 0; count < kMaxPages; ++count) {
    Call get = first;
    get.request.url = url;
    LAMINA_ASSIGN(const HttpResponse response, send(std::move(get)));
    LAMINA_ASSIGN(const bool more, page(response));
    const auto link = next_link(response.headers);
    if (!more || !link) return {};
    LAMINA_ASSIGN(std::string next, resolve_url(url, *link));
    LAMINA_ASSIGN(const std::string origin, origin_of(next));
    if (origin != home || next == url) {
      return fail(Code::kUnavailable,
                  url + " names as its next page " + next + ", which is itself or elsewhere");
    }
    url = std::move(next);
  }
  return fail(Code::kUnavailable,
              first.request.url + " has more than " + std::to_string(kMaxPages) + " pages");
}

}  // namespace lamina::client
