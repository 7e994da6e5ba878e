// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "registry/call.h"
#include "registry/errors.h"
#include "registry/receive.h"

namespace lamina::registry {
namespace {

struct ContentRange {
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t length() const { return last - first + 1; }
};

/// `<first>-<last>`, inclusive, without a unit: distribution-spec v1.1.1 "Pushing a blob in chunks".
Result<std::optional<ContentRange>> content_range(const http::Request& request) {
  const auto text = request.headers.find("Content-Range");
  if (!text) return std::nullopt;
  ContentRange range{};
  const char* const end = text->data() + text->size();
  const auto first = std::from_chars(text->data(), end, range.first);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '-') {
    const auto last = std::from_chars(first.ptr + 1, end, range.last);
    if (last.ec == std::errc{} && last.ptr == end && range.last >= range.first) {
      if (request.content_length && *request.content_length != range.length()) {
        return fail(Code::kMismatch, About::kSize,
                    "Content-Range announces " + std::to_string(range.length()) + " bytes, Content-Length " +
                        std::to_string(*request.content_length));
      }
      return range;
    }
  }
  return fail(Code::kInvalid, About::kUpload,
              "Content-Range: expected <first>-<last>, found '" + std::string(*text) + "'");
}

/// Where the upload goes on, and how far it is. An empty one has the range 0-0, as there is no way to write
/// none.
void describe(http::Response& response, const RepositoryName& repository, std::string_view upload,
              std::uint64_t offset) {
  response.headers.add("Location", location(repository, "blobs/uploads/" + std::string(upload)));
  response.headers.add("Range", "0-" + std::to_string(offset == 0 ? 0 : offset - 1));
  response.headers.add("Docker-Upload-UUID", std::string(upload));
}

Answer answer_created(Call& call, const Digest& digest) {
  http::Response response{201, {}, {}};
  response.headers.add("Location", location(call.repository(), "blobs/" + digest.to_string()));
  response.headers.add("Docker-Content-Digest", digest.to_string());
  co_return co_await call.exchange.respond(std::move(response));
}

Result<std::optional<Digest>> digest_parameter(const Call& call, std::string_view name) {
  const auto text = call.request.query_value(name);
  if (!text) return std::nullopt;
  LAMINA_ASSIGN(const Digest digest, Digest::parse(*text));
  return digest;
}

Result<Algorithm> algorithm_parameter(const Call& call) {
  const auto text = call.request.query_value("digest-algorithm");
  return text ? parse_algorithm(*text) : Result<Algorithm>(Algorithm::kSha256);
}

/// False where no repository that the caller may read holds the blob: then the bytes have to be sent.
http::Task<Result<bool>> mounted(Call& call, const Digest& digest) {
  std::optional<RepositoryName> from;
  if (const auto text = call.request.query_value("from")) {
    LAMINA_CO_ASSIGN(from, RepositoryName::parse(*text));
  }
  const auto mount = co_await call.workers.run([&] {
    return call.store.blobs().mount(call.repository(), digest, from,
                                    [&](const RepositoryName& name) { return call.readable(name); });
  });
  if (mount) co_return true;
  if (mount.error().code == Code::kNotFound) co_return false;
  co_return std::unexpected(mount.error());
}

/// Takes the body into a session that was claimed, checked against its Content-Range. Whatever goes wrong,
/// the session is suspended with what it has. Sets `out_of_order` to the offset where the chunk does not fit.
http::Task<Result<void>> take_chunk(Call& call, store::Upload& upload,
                                    std::optional<std::uint64_t>& out_of_order) {
  LAMINA_CO_ASSIGN(const auto range, content_range(call.request));
  if (range && range->first != upload.offset()) {
    out_of_order = upload.offset();
    co_return Result<void>{};
  }
  // Outside of the co_await expression, where GCC 12 evaluates both sides of a conditional.
  std::optional<std::uint64_t> length;
  if (range) length = range->length();
  LAMINA_CO_TRY(co_await receive(call, upload, length));
  co_return Result<void>{};
}

Answer refuse_out_of_order(Call& call, std::uint64_t offset) {
  const std::string found(call.request.headers.find("Content-Range").value_or(""));
  Error error{Code::kOutOfRange, About::kRange,
              "Content-Range: expected a chunk from byte " + std::to_string(offset) +
                  " on, where the upload is, found " + found};
  http::Response response = error_response(error);
  describe(response, call.repository(), call.route.last, offset);
  co_return co_await call.exchange.respond(std::move(response));
}

}  // namespace

Answer start_upload(Call& call) {
  LAMINA_CO_ASSIGN(const auto mount, digest_parameter(call, "mount"));
  LAMINA_CO_ASSIGN(const auto digest, digest_parameter(call, "digest"));
  LAMINA_CO_ASSIGN(const Algorithm algorithm, algorithm_parameter(call));
  if (mount) {
    LAMINA_CO_ASSIGN(const bool done, co_await mounted(call, *mount));
    if (done) co_return co_await answer_created(call, *mount);
  }
  if (digest) {
    LAMINA_CO_ASSIGN(const auto upload, call.store.uploads().direct(call.repository(), digest->algorithm()));
    const auto received = co_await receive(call, *upload, std::nullopt);
    const auto stored = co_await call.workers.run([&]() -> Result<void> {
      if (received) return upload->finish(*digest);
      upload->discard();
      return std::unexpected(received.error());
    });
    LAMINA_CO_TRY(stored);
    co_return co_await answer_created(call, *digest);
  }
  LAMINA_CO_ASSIGN(const auto id, co_await call.workers.run([&] {
    return call.store.uploads().begin(call.repository(), algorithm);
  }));
  http::Response response{202, {}, {}};
  describe(response, call.repository(), id.str(), 0);
  co_return co_await call.exchange.respond(std::move(response));
}

Answer get_upload(Call& call) {
  LAMINA_CO_ASSIGN(const auto offset, co_await call.workers.run([&] {
    return call.store.uploads().status(call.repository(), call.route.last);
  }));
  http::Response response{204, {}, {}};
  describe(response, call.repository(), call.route.last, offset);
  co_return co_await call.exchange.respond(std::move(response));
}

Answer append_upload(Call& call) {
  LAMINA_CO_ASSIGN(const auto upload, co_await call.workers.run([&] {
    return call.store.uploads().resume(call.repository(), call.route.last);
  }));
  std::optional<std::uint64_t> out_of_order;
  const auto taken = co_await take_chunk(call, *upload, out_of_order);
  const std::uint64_t offset = upload->offset();
  const auto suspended = co_await call.workers.run([&] { return upload->suspend(); });
  LAMINA_CO_TRY(taken);
  LAMINA_CO_TRY(suspended);
  if (out_of_order) co_return co_await refuse_out_of_order(call, *out_of_order);
  http::Response response{202, {}, {}};
  describe(response, call.repository(), call.route.last, offset);
  co_return co_await call.exchange.respond(std::move(response));
}

Answer finish_upload(Call& call) {
  LAMINA_CO_ASSIGN(const auto digest, digest_parameter(call, "digest"));
  if (!digest) {
    co_return fail(Code::kInvalid, About::kDigest,
                   "the PUT that ends an upload needs ?digest=<digest of all bytes>");
  }
  LAMINA_CO_ASSIGN(const auto upload, co_await call.workers.run([&] {
    return call.store.uploads().resume(call.repository(), call.route.last);
  }));
  std::optional<std::uint64_t> out_of_order;
  const auto taken = co_await take_chunk(call, *upload, out_of_order);
  const auto stored = co_await call.workers.run([&]() -> Result<void> {
    if (taken && !out_of_order) return upload->finish(*digest);
    return upload->suspend();
  });
  LAMINA_CO_TRY(taken);
  LAMINA_CO_TRY(stored);
  if (out_of_order) co_return co_await refuse_out_of_order(call, *out_of_order);
  co_return co_await answer_created(call, *digest);
}

Answer cancel_upload(Call& call) {
  LAMINA_CO_TRY(co_await call.workers.run(
      [&] { return call.store.uploads().cancel(call.repository(), call.route.last); }));
  co_return co_await call.exchange.respond({204, {}, {}});
}

}  // namespace lamina::registry
