// SPDX-License-Identifier: Apache-2.0
#include "registry/call.h"
#include "registry/holds_json.h"
#include "registry/receive.h"

namespace lamina::registry {
namespace {

/// Tens of thousands of objects.
constexpr std::size_t kUpdateBytes = 16 * 1024 * 1024;
constexpr std::size_t kVerbBytes = 64 * 1024;

Result<std::optional<store::Holder>> cursor(const Call& call) {
  const auto text = call.request.query_value("last");
  if (!text) return std::nullopt;
  return store::parse_holder(*text);
}

std::optional<std::string> query(const Call& call, std::string_view name) {
  const auto value = call.request.query_value(name);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

}  // namespace

Answer post_holds(Call& call) {
  LAMINA_CO_ASSIGN(const auto body, co_await read_body(call, kUpdateBytes, About::kNothing));
  LAMINA_CO_ASSIGN(const auto outcome, co_await call.workers.run([&]() -> Result<store::HoldsOutcome> {
    LAMINA_ASSIGN(const auto update, parse_holds_update(body));
    return call.store.holds().set(update);
  }));
  oci::JsonWriter json;
  json.begin_object();
  json.name("held").integer(outcome.held);
  json.name("released").integer(outcome.released);
  json.name("inDoubt").integer(outcome.in_doubt);
  json.name("missing").begin_array();
  for (const auto& manifest : outcome.missing) write_held(json, manifest);
  json.end_array().end_object();
  co_return co_await respond_json(call, json.take());
}

Answer get_holds(Call& call) {
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  LAMINA_CO_ASSIGN(const auto last, cursor(call));
  const store::HolderFilter filter{query(call, "cluster"), query(call, "group"), query(call, "kind")};
  LAMINA_CO_ASSIGN(const auto page,
                   co_await call.workers.run([&] { return call.store.holds().list(filter, last, n); }));
  oci::JsonWriter json;
  json.begin_object().name("holders").begin_array();
  for (const auto& [holder, record] : page.entries) {
    json.begin_object();
    write_holder(json, holder, record.uid);
    json.name("holds").begin_array();
    for (const auto& manifest : record.holds) write_held(json, manifest);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  http::Headers headers;
  if (page.more && n > 0) {
    std::vector<std::pair<std::string, std::string>> more;
    if (filter.cluster) more.emplace_back("cluster", *filter.cluster);
    if (filter.group) more.emplace_back("group", *filter.group);
    if (filter.kind) more.emplace_back("kind", *filter.kind);
    headers.add("Link", next_link(call, n, to_string(page.entries.back().holder), more));
  }
  co_return co_await respond_json(call, json.take(), "application/json", std::move(headers));
}

Answer get_holders(Call& call) {
  LAMINA_CO_ASSIGN(const Digest digest, Digest::parse(call.route.last));
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  LAMINA_CO_ASSIGN(const auto last, cursor(call));
  const store::HeldManifest held{call.repository(), digest};
  LAMINA_CO_ASSIGN(const auto page,
                   co_await call.workers.run([&] { return call.store.holds().of(held, last, n); }));
  oci::JsonWriter json;
  json.begin_object();
  json.name("repository").string(held.repository.str());
  json.name("digest").string(digest.to_string());
  json.name("holders").begin_array();
  for (const auto& [holder, record] : page.entries) {
    json.begin_object();
    write_holder(json, holder, record.uid);
    json.end_object();
  }
  json.end_array().end_object();
  http::Headers headers;
  if (page.more && !page.entries.empty())
    headers.add("Link", next_link(call, n, to_string(page.entries.back().holder)));
  co_return co_await respond_json(call, json.take(), "application/json", std::move(headers));
}

Answer adopt_holds(Call& call) {
  LAMINA_CO_ASSIGN(const auto body, co_await read_body(call, kVerbBytes, About::kNothing));
  LAMINA_CO_ASSIGN(const auto adopted, co_await call.workers.run([&]() -> Result<std::uint64_t> {
    LAMINA_ASSIGN(const auto adoption, parse_adoption(body));
    return call.store.holds().adopt(adoption.from, adoption.to);
  }));
  oci::JsonWriter json;
  json.begin_object().name("adopted").integer(adopted).end_object();
  co_return co_await respond_json(call, json.take());
}

Answer release_holds(Call& call) {
  LAMINA_CO_ASSIGN(const auto body, co_await read_body(call, kVerbBytes, About::kNothing));
  LAMINA_CO_ASSIGN(const auto released, co_await call.workers.run([&]() -> Result<std::uint64_t> {
    LAMINA_ASSIGN(const auto filter, parse_release(body));
    return call.store.holds().release(filter);
  }));
  oci::JsonWriter json;
  json.begin_object().name("released").integer(released).end_object();
  co_return co_await respond_json(call, json.take());
}

}  // namespace lamina::registry
