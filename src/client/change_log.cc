// SPDX-License-Identifier: Apache-2.0
#include "client/change_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "client/client_impl.h"
#include "client/url.h"
#include "oci/json.h"
#include "oci/quote.h"

namespace lamina {
namespace client {
namespace {

using Kind = RegistryChange::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 4> kKinds{
    {{"tag-set", Kind::kTagSet},
     {"tag-removed", Kind::kTagRemoved},
     {"manifest-put", Kind::kManifestPut},
     {"manifest-removed", Kind::kManifestRemoved}}};

std::string text_of(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* text = member != nullptr ? member->as<std::string>() : nullptr;
  return text != nullptr ? *text : std::string();
}

}  // namespace

Result<RegistryChanges> parse_changes(const std::string& body) {
  const auto document = oci::parse_json(body);
  const oci::Json* member = document ? document->find("changes") : nullptr;
  const auto* entries = member != nullptr ? member->as<oci::Json::Array>() : nullptr;
  RegistryChanges page{.changes = {}, .next = document ? text_of(*document, "next") : ""};
  if (entries == nullptr || page.next.empty()) {
    return fail(Code::kUnavailable, "expected changes and the next position, found " + oci::quote(body));
  }
  for (const oci::Json& entry : *entries) {
    const auto* kind =
        std::ranges::find(kKinds, text_of(entry, "kind"), &std::pair<std::string_view, Kind>::first);
    if (kind == kKinds.end()) continue;  // Of a newer registry.
    LAMINA_ASSIGN(RepositoryName repository, RepositoryName::parse(text_of(entry, "repository")));
    LAMINA_ASSIGN(const Digest digest, Digest::parse(text_of(entry, "digest")));
    page.changes.push_back({.kind = kind->second,
                            .repository = std::move(repository),
                            .tag = text_of(entry, "tag"),
                            .digest = digest});
  }
  return page;
}

Result<std::optional<RegistryChanges>> read_changes(Remote& remote, const ChangesQuery& query) {
  std::string path = "/v2/_lamina/changes";
  if (!query.since.empty()) add_query(path, "since", query.since);
  if (query.repository != nullptr) add_query(path, "repository", query.repository->str());
  if (query.tag != nullptr) add_query(path, "tag", query.tag->str());
  if (query.wait.count() > 0) add_query(path, "wait", std::to_string(query.wait.count()));
  Call get = remote.call("GET", path, query.repository, Access::kPull);
  get.request.stop = query.stop;
  if (query.wait.count() > 0) get.request.stall_timeout = 2 * query.wait;
  get.before_repeat = [](HttpRequest&) -> Result<Repeat> { return Repeat::kNo; };
  const HttpRequest request = get.request;
  LAMINA_ASSIGN(const HttpResponse response, remote.send_any(std::move(get)));
  if (response.status == 410) return std::nullopt;
  if (response.status != 200) return std::unexpected(to_error(request, response));
  LAMINA_ASSIGN(RegistryChanges page, parse_changes(response.body));
  return page;
}

}  // namespace client

Result<RegistryChanges> Client::changes(std::string_view registry, const std::string& since,
                                        std::chrono::seconds wait, std::stop_token stop) {
  LAMINA_ASSIGN(
      auto page,
      client::read_changes(
          impl_->remote(registry),
          {.since = since, .repository = nullptr, .tag = nullptr, .wait = wait, .stop = std::move(stop)}));
  if (!page) {
    return fail(Code::kOutOfRange,
                "the change log does not go back to " + since + ": look at everything anew");
  }
  return *std::move(page);
}

}  // namespace lamina
