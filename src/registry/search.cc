// SPDX-License-Identifier: Apache-2.0
#include "registry/artifact_json.h"
#include "registry/call.h"

namespace lamina::registry {
namespace {

/// `<repository>@<digest>`, as Link carries it.
Result<std::optional<store::SearchCursor>> cursor(const Call& call) {
  const auto text = call.request.query_value("last");
  if (!text) return std::nullopt;
  const std::size_t at = text->find('@');
  if (at == std::string_view::npos) {
    return fail(Code::kInvalid, "last: expected <repository>@<digest>, found '" + std::string(*text) + "'");
  }
  LAMINA_ASSIGN(auto repository, RepositoryName::parse(text->substr(0, at)));
  LAMINA_ASSIGN(const Digest digest, Digest::parse(text->substr(at + 1)));
  return store::SearchCursor{std::move(repository), digest};
}

}  // namespace

Answer get_search(Call& call) {
  LAMINA_CO_ASSIGN(const std::size_t n, page_size(call));
  LAMINA_CO_ASSIGN(const auto last, cursor(call));
  std::vector<std::string> pairs;
  std::vector<std::pair<std::string, std::string>> filter;
  for (const auto& [name, value] : call.request.query) {
    if (name != "identity") continue;
    pairs.push_back(value);
    filter.emplace_back(name, value);
  }
  LAMINA_CO_ASSIGN(const Identity parts, parse_identity_pairs(pairs));
  if (parts.empty()) co_return fail(Code::kInvalid, "a search needs at least one identity=<key>=<value>");
  LAMINA_CO_ASSIGN(const auto page, co_await call.workers.run([&] {
    return call.store.listing().find(parts, last, n,
                                     [&](const RepositoryName& name) { return call.readable(name); });
  }));

  oci::JsonWriter json;
  json.begin_object().name("artifacts").begin_array();
  for (const auto& found : page.entries) {
    write_artifact(json, call.options,
                   {found.repository, found.manifest, found.tags, found.identity, found.layer});
  }
  json.end_array().end_object();
  http::Headers headers;
  if (page.more && !page.entries.empty()) {
    const auto& final_entry = page.entries.back();
    headers.add(
        "Link",
        next_link(call, n, final_entry.repository.str() + '@' + final_entry.manifest.digest.to_string(),
                  filter));
  }
  co_return co_await respond_json(call, json.take(), "application/json", std::move(headers));
}

}  // namespace lamina::registry
