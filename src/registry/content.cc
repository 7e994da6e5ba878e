// SPDX-License-Identifier: Apache-2.0
#include "registry/content.h"

#include "http/conditional.h"
#include "http/range.h"
#include "oci/base64.h"

namespace lamina::registry {
namespace {

/// Content up to this size is sent with its head in one piece.
constexpr std::uint64_t kWhole = 64 * 1024;

/// RFC 9530: `sha-256=:<base64>:`.
std::string repr_digest(const Digest& digest) {
  const auto raw = digest.raw();
  const std::string_view chars(reinterpret_cast<const char*>(raw.data()), raw.size());
  return (digest.algorithm() == Algorithm::kSha256 ? "sha-256=:" : "sha-512=:") + oci::to_base64(chars) + ':';
}

/// The bytes from `first` up to, not including, `end`, as one string.
Result<std::string> collect(store::BlobReader& reader, std::uint64_t first, std::uint64_t end) {
  std::string bytes;
  while (first < end) {
    LAMINA_ASSIGN(auto piece, reader.at(first));
    piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end - first)));
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    first += piece.size();
  }
  return bytes;
}

Answer stream(Call& call, http::Response head, store::BlobReader& reader, std::uint64_t first,
              std::uint64_t end) {
  bool begun = false;
  const std::uint64_t length = end - first;
  while (first < end) {
    auto piece = co_await call.workers.run([&] { return reader.at(first); });
    if (!piece) {
      if (!begun) co_return std::unexpected(std::move(piece).error());
      call.options.log_failure(call.request, piece.error());
      call.exchange.abort();
      co_return Result<void>{};
    }
    // The head goes out only once there are good bytes to follow it.
    if (!begun) LAMINA_CO_TRY(co_await call.exchange.begin(std::move(head), length));
    begun = true;
    const auto bytes =
        piece->first(static_cast<std::size_t>(std::min<std::uint64_t>(piece->size(), end - first)));
    if (!co_await call.exchange.write(bytes)) co_return Result<void>{};
    first += bytes.size();
  }
  co_return Result<void>{};
}

}  // namespace

std::string entity_tag(const Digest& digest) { return to_string(http::EntityTag{digest.to_string()}); }

Result<bool> is_unchanged(const http::Request& request, const Digest& digest) {
  LAMINA_ASSIGN(const auto held, http::parse_entity_tags(request.headers, "If-None-Match"));
  return held && held->matches_weakly(http::EntityTag{digest.to_string()});
}

Answer send_content(Call& call, const RepositoryName& repository, const Digest& digest,
                    http::Headers headers) {
  const std::string etag = entity_tag(digest);
  const http::Headers& asked = call.request.headers;
  LAMINA_CO_ASSIGN(const bool unchanged, is_unchanged(call.request, digest));
  const bool without_bytes = call.is_head() || unchanged;

  std::unique_ptr<store::BlobReader> reader;
  std::uint64_t size = 0;
  if (without_bytes) {
    LAMINA_CO_ASSIGN(
        size, co_await call.workers.run([&] { return call.store.blobs().stat(repository, digest, true); }));
  } else {
    LAMINA_CO_ASSIGN(
        reader, co_await call.workers.run([&] { return call.store.blobs().open(repository, digest, true); }));
    size = reader->size();
  }

  http::Response head{200, std::move(headers), {}};
  head.headers.add("ETag", etag);
  head.headers.add("Docker-Content-Digest", digest.to_string());
  if (unchanged) {
    head.status = 304;
    co_return co_await call.exchange.respond(std::move(head));
  }
  head.headers.add("Accept-Ranges", "bytes");
  head.headers.add("Repr-Digest", repr_digest(digest));
  if (call.is_head()) co_return co_await call.exchange.begin(std::move(head), size);

  std::uint64_t first = 0;
  std::uint64_t end = size;
  const auto range_text = asked.find("Range");
  const auto if_range = asked.find("If-Range");
  if (range_text && (!if_range || *if_range == etag)) {
    const http::RangeChoice choice = http::choose_range(*range_text, size);
    if (std::holds_alternative<http::UnsatisfiableRange>(choice)) {
      http::Response refusal{416, {}, {}};
      refusal.headers.add("Content-Range", http::unsatisfied_content_range(size));
      co_return co_await call.exchange.respond(std::move(refusal));
    }
    if (const auto* part = std::get_if<http::ByteRange>(&choice)) {
      head.status = 206;
      head.headers.add("Content-Range", http::content_range(*part, size));
      first = part->first;
      end = part->last + 1;
    }
  }
  if (end - first <= kWhole) {
    LAMINA_CO_ASSIGN(head.body, co_await call.workers.run([&] { return collect(*reader, first, end); }));
    co_return co_await call.exchange.respond(std::move(head));
  }
  co_return co_await stream(call, std::move(head), *reader, first, end);
}

}  // namespace lamina::registry
