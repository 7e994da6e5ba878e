// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "client/body.h"
#include "client/client_impl.h"
#include "client/holds.h"
#include "client/url.h"
#include "oci/json.h"
#include "oci/json_writer.h"

namespace lamina {
namespace client {
namespace {

using oci::Json;

constexpr std::size_t kMaxEntries = 1'000'000;

std::string text_of(const Json& object, std::string_view name) {
  const Json* member = object.find(name);
  const auto* text = member != nullptr ? member->as<std::string>() : nullptr;
  return text != nullptr ? *text : std::string();
}

std::uint64_t count_of(const Json& object, std::string_view name) {
  const Json* member = object.find(name);
  const auto* number = member != nullptr ? member->as<std::int64_t>() : nullptr;
  return number != nullptr && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

Result<std::vector<HeldManifest>> manifests_of(const Json& object, std::string_view name) {
  std::vector<HeldManifest> manifests;
  const Json* member = object.find(name);
  const auto* array = member != nullptr ? member->as<Json::Array>() : nullptr;
  if (array == nullptr) return manifests;
  for (const Json& entry : *array) {
    LAMINA_ASSIGN(auto repository, RepositoryName::parse(text_of(entry, "repository")));
    LAMINA_ASSIGN(const Digest digest, Digest::parse(text_of(entry, "digest")));
    manifests.push_back({std::move(repository), digest});
  }
  return manifests;
}

Holder holder_of(const Json& object) {
  return {.cluster = text_of(object, "cluster"),
          .group = text_of(object, "group"),
          .kind = text_of(object, "kind"),
          .namespace_name = text_of(object, "namespace"),
          .name = text_of(object, "name"),
          .uid = text_of(object, "uid")};
}

Result<Json> post(Remote& remote, std::string_view path, std::string document) {
  StringBody body(std::move(document));
  Call call = remote.call("POST", path, nullptr, Access::kPush);
  call.request.headers.add("Content-Type", "application/json");
  call.body = &body;
  LAMINA_ASSIGN(const HttpResponse response, remote.send(std::move(call)));
  return oci::parse_json(response.body);
}

/// The entries of a list, one page after the other.
Result<void> walk(Remote& remote, std::string_view path, const RepositoryName* repository,
                  std::string_view name, const std::function<Result<void>(const Json&)>& take) {
  std::size_t count = 0;
  return remote.pages(path, repository, [&](const HttpResponse& response) -> Result<bool> {
    LAMINA_ASSIGN(const Json document, oci::parse_json(response.body));
    const Json* member = document.find(name);
    const auto* entries = member != nullptr ? member->as<Json::Array>() : nullptr;
    if (entries == nullptr)
      return fail(Code::kInvalid, "expected a list '" + std::string(name) + "' from " + remote.registry());
    for (const Json& entry : *entries) LAMINA_TRY(take(entry));
    count += entries->size();
    if (count > kMaxEntries)
      return fail(Code::kTooLarge, remote.registry() + " lists more than a million entries");
    return true;
  });
}

std::string document_of(const HoldsUpdate& update) {
  oci::JsonWriter json;
  json.begin_object();
  json.name("cluster").string(update.cluster);
  json.name("group").string(update.group);
  json.name("kind").string(update.kind);
  json.name("generation").integer(update.generation);
  json.name("complete").boolean(update.complete);
  if (update.listed_ago) json.name("listedSecondsAgo").integer(update.listed_ago->count());
  json.name("holders").begin_array();
  for (const HolderHolds& holder : update.holders) {
    json.begin_object();
    json.name("namespace").string(holder.namespace_name);
    json.name("name").string(holder.name);
    json.name("uid").string(holder.uid);
    json.name("holds").begin_array();
    for (const HeldManifest& held : holder.holds) {
      json.begin_object();
      json.name("repository").string(held.repository.str());
      json.name("digest").string(held.digest.to_string());
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

void write_holder(oci::JsonWriter& json, const Holder& holder) {
  json.begin_object();
  json.name("cluster").string(holder.cluster);
  json.name("group").string(holder.group);
  json.name("kind").string(holder.kind);
  json.name("namespace").string(holder.namespace_name);
  json.name("name").string(holder.name);
  if (!holder.uid.empty()) json.name("uid").string(holder.uid);
  json.end_object();
}

}  // namespace client

Result<HoldsAnswer> Client::set_holds(std::string_view registry, const HoldsUpdate& update) {
  client::Remote& remote = impl_->remote(registry);
  LAMINA_ASSIGN(const oci::Json document,
                client::post(remote, "/v2/_lamina/holds", client::document_of(update)));
  HoldsAnswer answer{.held = client::count_of(document, "held"),
                     .released = client::count_of(document, "released"),
                     .in_doubt = client::count_of(document, "inDoubt"),
                     .missing = {}};
  LAMINA_ASSIGN(answer.missing, client::manifests_of(document, "missing"));
  return answer;
}

Result<std::vector<ListedHolder>> Client::holds(std::string_view registry, const HolderFilter& filter) {
  std::string path = "/v2/_lamina/holds";
  if (filter.cluster) client::add_query(path, "cluster", *filter.cluster);
  if (filter.group) client::add_query(path, "group", *filter.group);
  if (filter.kind) client::add_query(path, "kind", *filter.kind);
  std::vector<ListedHolder> all;
  LAMINA_TRY(client::walk(impl_->remote(registry), path, nullptr, "holders",
                          [&](const oci::Json& entry) -> Result<void> {
                            ListedHolder object{client::holder_of(entry), {}};
                            LAMINA_ASSIGN(object.holds, client::manifests_of(entry, "holds"));
                            all.push_back(std::move(object));
                            return {};
                          }));
  return all;
}

Result<std::vector<Holder>> Client::holders(const Reference& manifest) {
  std::optional<Digest> digest = manifest.digest;
  if (!digest) {
    LAMINA_ASSIGN(const Descriptor descriptor, resolve(manifest));
    digest = descriptor.digest;
  }
  const std::string path = "/v2/" + manifest.repository.str() + "/_lamina/holders/" + digest->to_string();
  std::vector<Holder> all;
  LAMINA_TRY(client::walk(impl_->remote(manifest.registry), path, &manifest.repository, "holders",
                          [&](const oci::Json& entry) -> Result<void> {
                            all.push_back(client::holder_of(entry));
                            return {};
                          }));
  return all;
}

Result<std::uint64_t> Client::adopt_holds(std::string_view registry, std::string_view from,
                                          std::string_view to) {
  oci::JsonWriter json;
  json.begin_object().name("from").string(from).name("to").string(to).end_object();
  LAMINA_ASSIGN(const oci::Json document,
                client::post(impl_->remote(registry), "/v2/_lamina/holds/adopt", json.take()));
  return client::count_of(document, "adopted");
}

Result<std::uint64_t> Client::release_holds(std::string_view registry, const HolderFilter& filter) {
  oci::JsonWriter json;
  json.begin_object();
  if (filter.cluster) json.name("cluster").string(*filter.cluster);
  if (filter.group) json.name("group").string(*filter.group);
  if (filter.kind) json.name("kind").string(*filter.kind);
  json.end_object();
  LAMINA_ASSIGN(const oci::Json document,
                client::post(impl_->remote(registry), "/v2/_lamina/holds/release", json.take()));
  return client::count_of(document, "released");
}

Result<std::vector<Orphan>> Client::orphans(std::string_view registry) {
  std::vector<Orphan> all;
  LAMINA_TRY(client::walk(
      impl_->remote(registry), "/v2/_lamina/orphans", nullptr, "orphans",
      [&](const oci::Json& entry) -> Result<void> {
        LAMINA_ASSIGN(auto repository, RepositoryName::parse(client::text_of(entry, "repository")));
        LAMINA_ASSIGN(const Digest digest, Digest::parse(client::text_of(entry, "digest")));
        Orphan orphan{.repository = std::move(repository),
                      .digest = digest,
                      .tags = {},
                      .owner = {},
                      .published = client::text_of(entry, "published"),
                      .expires = client::text_of(entry, "expires")};
        if (const oci::Json* owner = entry.find("owner")) orphan.owner = client::holder_of(*owner);
        const oci::Json* tags = entry.find("tags");
        if (const auto* list = tags != nullptr ? tags->as<oci::Json::Array>() : nullptr) {
          for (const oci::Json& tag : *list) {
            if (const auto* name = tag.as<std::string>()) orphan.tags.push_back(*name);
          }
        }
        all.push_back(std::move(orphan));
        return {};
      }));
  return all;
}

}  // namespace lamina
