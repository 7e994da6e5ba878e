// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>

#include "http/media_type.h"
#include "http/multipart.h"
#include "lamina/manifest.h"
#include "registry/artifact_json.h"
#include "registry/call.h"
#include "registry/publish_request.h"
#include "registry/receive.h"

namespace lamina::registry {
namespace {

constexpr std::size_t kFieldBytes = 1024 * 1024;
constexpr std::size_t kReadBytes = 256 * 1024;

struct Received {
  PublishRequest request;
  std::unique_ptr<store::Upload> layer;
};

/// Reads both parts of a multipart body: the fields, then the layer into an upload.
http::Task<Result<Received>> receive_multipart(Call& call, std::string_view content_type) {
  using Event = http::MultipartReader::Event;
  LAMINA_CO_ASSIGN(auto reader, http::MultipartReader::create(content_type, kFieldBytes));
  Received received;
  LAMINA_CO_ASSIGN(received.layer, call.store.uploads().direct(call.repository(), Algorithm::kSha256));
  bool has_fields = false;
  bool whole = false;
  const auto take = [&](std::span<const std::byte> input) -> Result<void> {
    while (!whole) {  // What follows the last boundary means nothing.
      LAMINA_ASSIGN(const auto step, reader.step(input));
      switch (step.event) {
        case Event::kFirst: {
          LAMINA_ASSIGN(received.request, parse_publish_json(reader.first_body()));
          has_fields = true;
          break;
        }
        case Event::kSecond: break;
        case Event::kData: LAMINA_TRY(received.layer->append(step.data)); break;
        case Event::kMore: return {};
        case Event::kEnd: whole = true; return {};
      }
    }
    return {};
  };
  std::vector<std::byte> buffer(kReadBytes);
  bool ended = false;
  while (!ended) {
    std::size_t filled = 0;
    while (filled < buffer.size() && !ended) {
      LAMINA_CO_ASSIGN(const std::size_t n, co_await call.exchange.read(std::span(buffer).subspan(filled)));
      ended = n == 0;
      filled += n;
    }
    LAMINA_CO_TRY(co_await call.workers.run([&] { return take(std::span(buffer).first(filled)); }));
  }
  LAMINA_CO_TRY(reader.finish());
  if (!has_fields) co_return fail(Code::kInvalid, "publish: the first part of the body has no fields");
  co_return received;
}

http::Task<Result<Received>> receive_raw(Call& call) {
  Received received;
  LAMINA_CO_ASSIGN(received.request, parse_publish_query(call.request));
  LAMINA_CO_ASSIGN(received.layer, call.store.uploads().direct(call.repository(), Algorithm::kSha256));
  LAMINA_CO_TRY(co_await receive(call, *received.layer, std::nullopt));
  co_return received;
}

http::Task<Result<Received>> receive_request(Call& call) {
  const auto content_type = call.request.headers.find("Content-Type");
  const auto parsed = http::parse_media_type(content_type.value_or(""));
  // Not `?:`, in which GCC 12 destroys the results of co_await twice.
  if (parsed && parsed->essence == "multipart/related") {
    co_return co_await receive_multipart(call, *content_type);
  }
  // A form would be stored with its envelope, which nobody means.
  if (parsed && parsed->essence.starts_with("multipart/")) {
    co_return fail(Code::kUnsupported, About::kManifest,
                   "publish takes multipart/related, or the layer itself as the body (curl --data-binary "
                   "@FILE); found " +
                       parsed->essence);
  }
  co_return co_await receive_raw(call);
}

struct Published {
  store::ManifestPut put;
  store::PutOutcome outcome = store::PutOutcome::kStored;
};

/// One commit: layer, config, manifest and tags.
Result<Published> commit(Call& call, Received& received) {
  const PublishRequest& request = received.request;
  if (request.layer_size && *request.layer_size != received.layer->offset()) {
    return fail(Code::kMismatch, About::kSize,
                "the layer was announced with " + std::to_string(*request.layer_size) + " bytes, and has " +
                    std::to_string(received.layer->offset()));
  }
  const std::uint64_t size = received.layer->offset();
  const Digest digest = request.layer_digest.value_or(received.layer->digest_so_far());
  Published published;
  published.put.content = manifest_of(request, digest, size);
  published.put.media_type = published.put.content.effective_media_type({});
  published.put.bytes = serialize(published.put.content, request.order);
  published.put.digest = Digest::of(published.put.bytes);
  // The same checks as for a manifest that a client wrote, before anything is stored.
  LAMINA_TRY(parse_manifest(published.put.bytes, request.media_type));
  published.put.tags = request.tags;
  published.put.condition = request.condition;
  published.put.ttl = request.ttl;
  published.put.owner = request.owner;

  LAMINA_ASSIGN(auto config, call.store.uploads().direct(call.repository(), Algorithm::kSha256));
  LAMINA_TRY(config->append(std::as_bytes(std::span(request.config))));
  std::vector<store::StagedBlob> staged;
  LAMINA_ASSIGN(auto staged_layer, received.layer->stage(digest));
  staged.push_back(std::move(staged_layer));
  if (published.put.content.config->digest != digest) {
    auto staged_config = config->stage(published.put.content.config->digest);
    if (!staged_config) {
      call.store.blobs().abandon(staged.front(), false);
      return std::unexpected(std::move(staged_config).error());
    }
    staged.push_back(*std::move(staged_config));
  }
  LAMINA_ASSIGN(published.outcome, call.store.manifests().put(call.repository(), published.put, staged));
  return published;
}

}  // namespace

Answer publish(Call& call) {
  auto received = co_await receive_request(call);
  if (!received) co_return std::unexpected(std::move(received).error());
  auto published = co_await call.workers.run([&]() -> Result<Published> {
    auto made = commit(call, *received);
    received->layer.reset();  // Here, as it may have files to remove.
    return made;
  });
  if (!published) co_return std::unexpected(std::move(published).error());

  const store::ManifestPut& put = published->put;
  std::vector<std::string> tags;
  tags.reserve(put.tags.size());
  for (const Tag& tag : put.tags) tags.push_back(tag.str());
  oci::JsonWriter json;
  write_artifact(json, call.options,
                 {call.repository(),
                  {.media_type = put.media_type,
                   .digest = put.digest,
                   .size = put.bytes.size(),
                   .artifact_type = put.content.artifact_type},
                  tags,
                  received->request.identity.value_or(Identity{}),
                  put.content.layers.front()});
  http::Headers headers;
  headers.add("Location", location(call.repository(), "manifests/" + put.digest.to_string()));
  headers.add("Docker-Content-Digest", put.digest.to_string());
  if (put.content.subject) headers.add("OCI-Subject", put.content.subject->digest.to_string());
  const unsigned status = published->outcome == store::PutOutcome::kStored ? 201 : 200;
  co_return co_await respond_json(call, json.take(), "application/json", std::move(headers), status);
}

}  // namespace lamina::registry
