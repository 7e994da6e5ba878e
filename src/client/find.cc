// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "client/session.h"
#include "client/url.h"
#include "oci/json.h"

namespace lamina {
namespace client {
namespace {

std::string text_of(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* text = member != nullptr ? member->as<std::string>() : nullptr;
  return text != nullptr ? *text : std::string();
}

std::uint64_t number_of(const oci::Json& object, std::string_view name) {
  const oci::Json* member = object.find(name);
  const auto* number = member != nullptr ? member->as<std::int64_t>() : nullptr;
  return number != nullptr && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

Result<Descriptor> descriptor_of(const oci::Json& object) {
  LAMINA_ASSIGN(const Digest digest, Digest::parse(text_of(object, "digest")));
  return describe(text_of(object, "mediaType"), digest, number_of(object, "size"));
}

Result<FoundArtifact> read_artifact(Remote& remote, const std::string& page, const oci::Json& entry) {
  LAMINA_ASSIGN(RepositoryName repository, RepositoryName::parse(text_of(entry, "repository")));
  LAMINA_ASSIGN(Descriptor manifest, descriptor_of(entry));
  FoundArtifact found{.registry = remote.registry(),
                      .repository = std::move(repository),
                      .manifest = std::move(manifest),
                      .tags = {},
                      .identity = {},
                      .layer = {},
                      .url = text_of(entry, "url")};
  if (!found.url.empty()) {
    LAMINA_ASSIGN(found.url, resolve_url(page, found.url));
  }
  if (const oci::Json* layer = entry.find("layer")) {
    LAMINA_ASSIGN(found.layer, descriptor_of(*layer));
  }
  const oci::Json* tags = entry.find("tags");
  if (const auto* list = tags != nullptr ? tags->as<oci::Json::Array>() : nullptr) {
    for (const oci::Json& element : *list) {
      const auto* text = element.as<std::string>();
      LAMINA_ASSIGN(Tag tag, Tag::parse(text != nullptr ? *text : ""));
      found.tags.push_back(std::move(tag));
    }
  }
  const oci::Json* identity = entry.find("identity");
  if (const auto* entries = identity != nullptr ? identity->as<oci::Json::Object>() : nullptr) {
    Identity& whole = found.identity.emplace();
    for (const auto& [key, value] : *entries) {
      if (const auto* text = value.as<std::string>()) whole.emplace(key, *text);
    }
  }
  return found;
}

}  // namespace

Result<std::vector<FoundArtifact>> search(Remote& remote, const Identity& identity,
                                          const FindOptions& options) {
  if (identity.empty()) return fail(Code::kInvalid, "expected at least one key=value to search for");
  std::string path = "/v2/_lamina/search";
  for (const auto& [key, value] : identity) add_query(path, "identity", key + "=" + value);
  add_query(path, "n", std::to_string(std::clamp<std::size_t>(options.limit, 1, 1000)));
  const std::string page = remote.call("GET", path, nullptr, Access::kPull).request.url;
  std::vector<FoundArtifact> result;
  LAMINA_TRY(remote.pages(path, nullptr, [&](const HttpResponse& response) -> Result<bool> {
    LAMINA_ASSIGN(const oci::Json document, oci::parse_json(response.body));
    const oci::Json* member = document.find("artifacts");
    const auto* artifacts = member != nullptr ? member->as<oci::Json::Array>() : nullptr;
    if (artifacts == nullptr) return true;
    for (const oci::Json& entry : *artifacts) {
      LAMINA_ASSIGN(FoundArtifact found, read_artifact(remote, page, entry));
      if (options.tag && std::ranges::find(found.tags, *options.tag) == found.tags.end()) continue;
      if (result.size() == options.limit) return false;
      result.push_back(std::move(found));
    }
    return result.size() < options.limit;
  }));
  return result;
}

Result<std::vector<FoundArtifact>> find_derived(Remote& remote, const Identity& identity,
                                                const FindOptions& options) {
  LAMINA_ASSIGN(const RepositoryName repository, repository_of(identity, options.scheme, options.tenant));
  std::vector<Tag> tags;
  if (options.tag) {
    tags.push_back(*options.tag);
  } else {
    auto listed = list_tags(remote, repository, 0);
    if (!listed && listed.error().code == Code::kNotFound) return std::vector<FoundArtifact>();
    LAMINA_TRY(listed);
    tags = *std::move(listed);
  }
  std::map<Digest, std::size_t> known;  // Index into result.
  std::vector<FoundArtifact> result;
  for (const Tag& tag : tags) {
    auto fetched = remote.get_manifest(repository, tag);
    if (!fetched && fetched.error().code == Code::kNotFound) continue;  // Removed since it was listed.
    LAMINA_TRY(fetched);
    // Names of the ocm schemes collide at will, and only Lamina writes the identity: without it, believe the
    // name.
    auto written = identity_of(fetched->manifest);
    if (written && *written != identity) continue;
    const auto [place, is_new] = known.try_emplace(fetched->descriptor.digest, result.size());
    if (is_new) {
      if (result.size() == options.limit) break;
      result.push_back({.registry = remote.registry(),
                        .repository = repository,
                        .manifest = fetched->descriptor,
                        .tags = {},
                        .identity = std::move(written),
                        .layer = {},
                        .url = {}});
      if (!fetched->manifest.layers.empty()) {
        const Descriptor& layer = result.back().layer.emplace(fetched->manifest.layers.front());
        LAMINA_ASSIGN(result.back().url, remote.file_url(repository, fetched->descriptor.digest, layer));
      }
    }
    result[place->second].tags.push_back(tag);
  }
  return result;
}

}  // namespace client

Result<Reference> reference_of(std::string_view registry, const Identity& identity, NamingScheme scheme,
                               std::string_view tenant, const std::optional<Tag>& tag) {
  LAMINA_ASSIGN(RepositoryName repository, repository_of(identity, scheme, tenant));
  Reference reference{
      .registry = std::string(registry), .repository = std::move(repository), .tag = tag, .digest = {}};
  if (reference.tag) return reference;
  std::string text = "latest";
  for (const std::string_view key : {"chartVersion", "resource-version", "component-version"}) {
    const auto found = identity.find(key);
    if (found == identity.end() || found->second.empty()) continue;
    text = found->second;
    std::ranges::replace(text, '+', '_');
    break;
  }
  LAMINA_ASSIGN(reference.tag, Tag::parse(text));
  return reference;
}

}  // namespace lamina
