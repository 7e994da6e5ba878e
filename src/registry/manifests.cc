// SPDX-License-Identifier: Apache-2.0
#include "http/conditional.h"
#include "lamina/manifest.h"
#include "registry/call.h"
#include "registry/content.h"
#include "registry/receive.h"

namespace lamina::registry {
namespace {

/// A media type without its parameters.
std::string_view bare_type(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type;
}

/// If-Match with one entity tag, or If-None-Match: *, as conditions on the tag.
Result<store::TagCondition> tag_condition(const http::Request& request) {
  store::TagCondition condition;
  if (const auto none = request.headers.find("If-None-Match")) {
    if (*none != "*") return fail(Code::kInvalid, "If-None-Match: a PUT takes only *");
    condition.absent = true;
  }
  if (auto match = request.headers.find("If-Match")) {
    if (match->size() < 2 || !match->starts_with('"') || !match->ends_with('"')) {
      return fail(Code::kInvalid, "If-Match: expected one quoted digest, found " + std::string(*match));
    }
    LAMINA_ASSIGN(condition.names, Digest::parse(match->substr(1, match->size() - 2)));
  }
  return condition;
}

/// Everything about a pushed manifest that can be said without the store.
Result<store::ManifestPut> examine(const Call& call, std::string bytes) {
  LAMINA_ASSIGN(const auto reference, parse_tag_or_digest(call.route.last));
  const auto content_type = call.request.headers.find("Content-Type");
  const std::string_view type = bare_type(content_type.value_or(""));

  store::ManifestPut put;
  if (const auto* digest = std::get_if<Digest>(&reference)) {
    put.digest = Digest::of(bytes, digest->algorithm());
    if (put.digest != *digest) {
      return fail(Code::kMismatch, About::kDigest,
                  "the URL names manifest " + digest->to_string() + ", the body has digest " + put.digest.to_string());
    }
  } else {
    put.digest = Digest::of(bytes);
    put.tags.push_back(std::get<Tag>(reference));
  }
  for (const auto& [name, value] : call.request.query) {
    if (name != "tag") continue;
    LAMINA_ASSIGN(auto tag, Tag::parse(value));
    put.tags.push_back(std::move(tag));
  }
  LAMINA_ASSIGN(put.condition, tag_condition(call.request));
  if ((put.condition.absent || put.condition.names) && put.tags.empty()) {
    return fail(Code::kInvalid, "If-Match and If-None-Match are conditions on a tag; name one");
  }
  LAMINA_ASSIGN(put.content, parse_manifest(bytes, type));
  put.media_type = put.content.effective_media_type(type);
  put.bytes = std::move(bytes);
  return put;
}

}  // namespace

Answer get_manifest(Call& call) {
  LAMINA_CO_ASSIGN(const auto reference, parse_tag_or_digest(call.route.last));
  LAMINA_CO_ASSIGN(auto manifest, co_await call.workers.run(
                                      [&] { return call.store.manifests().get(call.repository(), reference); }));
  http::Response response{200, {}, {}};
  const std::string etag = entity_tag(manifest.digest);
  response.headers.add("ETag", etag);
  response.headers.add("Docker-Content-Digest", manifest.digest.to_string());
  const auto none_match = call.request.headers.find("If-None-Match");
  if (none_match && !http::matches_none(*none_match, etag)) {
    response.status = 304;
  } else {
    response.headers.add("Content-Type", manifest.media_type);
    response.body = std::move(manifest.bytes);
  }
  co_return co_await call.exchange.respond(std::move(response));
}

Answer put_manifest(Call& call) {
  LAMINA_CO_ASSIGN(auto body, co_await read_body(call, kMaxManifestBytes, About::kManifest));
  const auto stored = co_await call.workers.run([&]() -> Result<store::ManifestPut> {
    LAMINA_ASSIGN(auto put, examine(call, std::move(body)));
    LAMINA_TRY(call.store.manifests().put(call.repository(), put));
    return put;
  });
  if (!stored) co_return std::unexpected(stored.error());
  http::Response response{201, {}, {}};
  response.headers.add("Location", location(call.repository(), "manifests/" + stored->digest.to_string()));
  response.headers.add("Docker-Content-Digest", stored->digest.to_string());
  response.headers.add("ETag", entity_tag(stored->digest));
  if (stored->content.subject) response.headers.add("OCI-Subject", stored->content.subject->digest.to_string());
  for (const auto& [name, value] : call.request.query) {
    if (name == "tag") response.headers.add("OCI-Tag", value);
  }
  co_return co_await call.exchange.respond(std::move(response));
}

Answer delete_manifest(Call& call) {
  LAMINA_CO_ASSIGN(const auto reference, parse_tag_or_digest(call.route.last));
  LAMINA_CO_ASSIGN(const auto removal, co_await call.workers.run([&]() -> Result<store::Removal> {
    store::Manifests& manifests = call.store.manifests();
    if (const auto* digest = std::get_if<Digest>(&reference)) return manifests.remove(call.repository(), *digest);
    LAMINA_TRY(manifests.untag(call.repository(), std::get<Tag>(reference)));
    return store::Removal::kRemoved;
  }));
  http::Response response{202, {}, {}};
  if (removal == store::Removal::kHeld) {
    response.headers.add("Warning", "299 - \"an index names this manifest; it goes with the last of them\"");
  }
  co_return co_await call.exchange.respond(std::move(response));
}

}  // namespace lamina::registry
