// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>

#include "registry/call.h"
#include "registry/holds_json.h"

namespace lamina::registry {
namespace {

/// `<repository>@<digest>`, as Link carries it.
Result<std::optional<store::HeldManifest>> cursor(const Call& call) {
  const auto text = call.request.query_value("last");
  if (!text) return std::nullopt;
  const std::size_t at = text->find('@');
  if (at == std::string_view::npos) {
    return fail(Code::kInvalid, "last: expected <repository>@<digest>, found '" + std::string(*text) + "'");
  }
  LAMINA_ASSIGN(auto repository, RepositoryName::parse(text->substr(0, at)));
  LAMINA_ASSIGN(const Digest digest, Digest::parse(text->substr(at + 1)));
  return store::HeldManifest{std::move(repository), digest};
}

/// "2026-11-24T23:59:59Z"
std::string rfc3339(UnixTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace

Answer get_orphans(Call& call) {
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  LAMINA_CO_ASSIGN(const auto last, cursor(call));
  LAMINA_CO_ASSIGN(const auto page, co_await call.workers.run([&] {
    return call.store.holds().orphans(last, n,
                                      [&](const RepositoryName& name) { return call.readable(name); });
  }));
  oci::JsonWriter json;
  json.begin_object().name("orphans").begin_array();
  for (const auto& orphan : page.entries) {
    json.begin_object();
    json.name("repository").string(orphan.repository.str());
    json.name("digest").string(orphan.digest.to_string());
    json.name("tags").begin_array();
    for (const auto& tag : orphan.tags) json.string(tag);
    json.end_array();
    if (orphan.owner) {
      json.name("owner").begin_object();
      write_holder(json, orphan.owner->owner, orphan.owner->uid);
      json.end_object();
    }
    json.name("published").string(rfc3339(orphan.published));
    json.name("expires").string(rfc3339(orphan.expires));
    json.end_object();
  }
  json.end_array().end_object();
  http::Headers headers;
  if (page.next && n > 0) {
    headers.add("Link",
                next_link(call, n, page.next->repository.str() + '@' + page.next->digest.to_string()));
  }
  co_return co_await respond_json(call, json.take(), "application/json", std::move(headers));
}

}  // namespace lamina::registry
