// SPDX-License-Identifier: Apache-2.0
#include "http/conditional.h"
#include "http/media_type.h"
#include "lamina/manifest.h"
#include "registry/call.h"
#include "registry/content.h"
#include "registry/receive.h"

namespace lamina::registry {
namespace {

/// If-Match with one entity tag, or If-None-Match: *, as conditions on the tag.
Result<store::TagCondition> tag_condition(const http::Request& request) {
  store::TagCondition condition;
  LAMINA_ASSIGN(const auto none, http::parse_entity_tags(request.headers, "If-None-Match"));
  LAMINA_ASSIGN(const auto match, http::parse_entity_tags(request.headers, "If-Match"));
  if (none && !none->any) return fail(Code::kInvalid, "If-None-Match: a PUT takes only *");
  condition.absent = none.has_value();
  if (match) {
    if (match->any || match->tags.size() != 1)
      return fail(Code::kInvalid, "If-Match: a PUT takes one digest in quotes");
    LAMINA_ASSIGN(condition.names, Digest::parse(match->tags.front().opaque));
  }
  return condition;
}

/// Everything about a pushed manifest that can be said without the store.
Result<store::ManifestPut> examine(const Call& call, std::string bytes) {
  LAMINA_ASSIGN(const auto reference, parse_tag_or_digest(call.route.last));
  std::string type;
  if (const auto content_type = call.request.headers.find("Content-Type")) {
    auto parsed = http::parse_media_type(*content_type);
    if (!parsed) return fail(Code::kInvalid, About::kManifest, "Content-Type: " + parsed.error().message);
    type = std::move(parsed->essence);
  }

  store::ManifestPut put;
  if (const auto* digest = std::get_if<Digest>(&reference)) {
    put.digest = Digest::of(bytes, digest->algorithm());
    if (put.digest != *digest) {
      return fail(Code::kMismatch, About::kDigest,
                  "the URL names manifest " + digest->to_string() + ", the body has digest " +
                      put.digest.to_string());
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
  LAMINA_CO_ASSIGN(auto manifest, co_await call.workers.run([&] {
    return call.store.manifests().get(call.repository(), reference);
  }));
  http::Response response{200, {}, {}};
  response.headers.add("ETag", entity_tag(manifest.digest));
  response.headers.add("Docker-Content-Digest", manifest.digest.to_string());
  LAMINA_CO_ASSIGN(const bool unchanged, is_unchanged(call.request, manifest.digest));
  if (unchanged) {
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
  if (stored->content.subject)
    response.headers.add("OCI-Subject", stored->content.subject->digest.to_string());
  for (const auto& [name, value] : call.request.query) {
    if (name == "tag") response.headers.add("OCI-Tag", value);
  }
  co_return co_await call.exchange.respond(std::move(response));
}

Answer delete_manifest(Call& call) {
  LAMINA_CO_ASSIGN(const auto reference, parse_tag_or_digest(call.route.last));
  const auto force = call.request.query_value("force");
  if (force && !force->empty() && *force != "true") {
    co_return fail(Code::kInvalid, "force: expected nothing or true, found '" + std::string(*force) + "'");
  }
  LAMINA_CO_ASSIGN(const auto removal, co_await call.workers.run([&]() -> Result<store::Removal> {
    store::Manifests& manifests = call.store.manifests();
    if (const auto* digest = std::get_if<Digest>(&reference))
      return manifests.remove(call.repository(), *digest,
                              force ? store::HoldsCount::kNo : store::HoldsCount::kYes);
    LAMINA_TRY(manifests.untag(call.repository(), std::get<Tag>(reference)));
    return store::Removal::kRemoved;
  }));
  http::Response response{202, {}, {}};
  if (removal == store::Removal::kHeld) {
    response.headers.add("Warning", "299 - \"objects hold this manifest; it goes with the last hold\"");
  }
  if (removal == store::Removal::kIndexed) {
    response.headers.add("Warning", "299 - \"an index names this manifest; it goes with the last of them\"");
  }
  co_return co_await call.exchange.respond(std::move(response));
}

}  // namespace lamina::registry
