// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "oci/json_writer.h"
#include "registry/call.h"

namespace lamina::registry {
namespace {

/// Clients read no more than 4 MiB of a list; a page ends before.
constexpr std::size_t kPageBytes = 3 * 1024 * 1024;
/// Referrers read at once: their annotations may be as large as a manifest.
constexpr std::size_t kReferrersAtOnce = 8;

Answer respond_names(Call& call, oci::JsonWriter json, const store::Page<std::string>& page, std::size_t n) {
  json.begin_array();
  for (const auto& entry : page.entries) json.string(entry);
  json.end_array().end_object();
  http::Headers headers;
  if (page.more && n > 0) headers.add("Link", next_link(call, n, page.entries.back()));
  return respond_json(call, json.take(), "application/json", std::move(headers));
}

using Referrers = store::Page<store::Listing::Referrer>;

/// At most `n` referrers, and no more than a page may hold.
Result<Referrers> collect_referrers(Call& call, const Digest& subject, std::string_view type,
                                    std::optional<Digest> last, std::size_t n) {
  Referrers page;
  std::size_t bytes = 0;
  do {
    LAMINA_ASSIGN(auto some,
                  call.store.listing().referrers(call.repository(), subject, type, last,
                                                 std::min(n - page.entries.size(), kReferrersAtOnce)));
    page.more = some.more;
    for (auto& referrer : some.entries) {
      bytes += referrer.descriptor.size();
      if (bytes > kPageBytes && !page.entries.empty()) {
        page.more = true;
        return page;
      }
      last = referrer.digest;
      page.entries.push_back(std::move(referrer));
    }
  } while (page.more && page.entries.size() < n);
  return page;
}

}  // namespace

Answer get_tags(Call& call) {
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  const auto last = call.request.query_value("last").value_or("");
  LAMINA_CO_ASSIGN(const auto page, co_await call.workers.run([&] {
    return call.store.listing().tags(call.repository(), last, n);
  }));
  oci::JsonWriter json;
  json.begin_object().name("name").string(call.repository().str()).name("tags");
  co_return co_await respond_names(call, std::move(json), page, n);
}

Answer get_catalog(Call& call) {
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  const auto last = call.request.query_value("last").value_or("");
  LAMINA_CO_ASSIGN(const auto page,
                   co_await call.workers.run([&] { return call.store.listing().repositories(last, n); }));
  oci::JsonWriter json;
  json.begin_object().name("repositories");
  co_return co_await respond_names(call, std::move(json), page, n);
}

Answer get_referrers(Call& call) {
  LAMINA_CO_ASSIGN(const Digest subject, Digest::parse(call.route.last));
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  const auto type = call.request.query_value("artifactType").value_or("");
  std::optional<Digest> last;
  if (const auto text = call.request.query_value("last")) {
    LAMINA_CO_ASSIGN(last, Digest::parse(*text));
  }
  LAMINA_CO_ASSIGN(const auto page, co_await call.workers.run(
                                        [&] { return collect_referrers(call, subject, type, last, n); }));

  oci::JsonWriter json;
  json.begin_object().name("schemaVersion").integer(2).name("mediaType").string(media_type::kImageIndex);
  json.name("manifests").begin_array();
  for (const auto& referrer : page.entries) json.raw(referrer.descriptor);
  json.end_array().end_object();

  http::Headers headers;
  if (!type.empty()) headers.add("OCI-Filters-Applied", "artifactType");
  if (page.more && !page.entries.empty()) {
    std::vector<std::pair<std::string, std::string>> filter;
    if (!type.empty()) filter.emplace_back("artifactType", std::string(type));
    headers.add("Link", next_link(call, n, page.entries.back().digest.to_string(), filter));
  }
  co_return co_await respond_json(call, json.take(), media_type::kImageIndex, std::move(headers));
}

}  // namespace lamina::registry
