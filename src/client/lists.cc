// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "client/session.h"
#include "client/url.h"
#include "oci/json.h"

namespace lamina::client {
namespace {

/// No list that a caller can use is longer; without a bound a server could fill the memory.
constexpr std::size_t kMaxNames = 1'000'000;

/// The strings of member `name` of a JSON object, one page after the other, as `take` wants them.
Result<void> walk_names(Remote& remote, std::string_view path, const RepositoryName* repository,
                        std::string_view name, std::size_t limit,
                        const std::function<Result<void>(const std::string&)>& take) {
  const std::size_t bound = limit == 0 ? kMaxNames : limit;
  std::size_t count = 0;
  return remote.pages(path, repository, [&](const HttpResponse& response) -> Result<bool> {
    LAMINA_ASSIGN(const oci::Json document, oci::parse_json(response.body));
    const oci::Json* member = document.find(name);  // Go writes null for an empty list.
    if (member == nullptr) return true;
    const auto* names = member->as<oci::Json::Array>();
    if (names == nullptr)
      return fail(Code::kInvalid, "expected a list '" + std::string(name) + "' from " + remote.registry());
    for (const oci::Json& entry : *names) {
      if (count == bound) break;
      const auto* text = entry.as<std::string>();
      if (text == nullptr)
        return fail(Code::kInvalid,
                    "expected names in '" + std::string(name) + "' from " + remote.registry());
      LAMINA_TRY(take(*text));
      ++count;
    }
    if (count == kMaxNames && limit == 0) {
      return fail(Code::kTooLarge, remote.registry() + " lists more than a million names; ask for fewer");
    }
    return count < bound;
  });
}

std::string referrers_tag(const Digest& subject) {
  return std::string(to_string(subject.algorithm())) + "-" + subject.hex().substr(0, 64);
}

/// The index under the tag of the tag schema; nothing where there is none.
Result<std::optional<Manifest>> referrers_index(Remote& remote, const RepositoryName& repository,
                                                const Tag& tag) {
  auto fetched = remote.get_manifest(repository, tag);
  if (!fetched && fetched.error().code == Code::kNotFound) return std::nullopt;
  if (!fetched) return std::unexpected(std::move(fetched).error());
  if (fetched->manifest.kind != ManifestKind::kIndex) {
    return fail(Code::kConflict, About::kTag,
                "expected an image index under " + repository.str() + ":" + tag.str() +
                    ", where referrers are listed; found another manifest");
  }
  return std::move(fetched->manifest);
}

/// What the referrers API lists; nothing where the registry has none.
Result<std::optional<std::vector<Descriptor>>> ask_for_referrers(Remote& remote,
                                                                 const RepositoryName& repository,
                                                                 const Digest& subject,
                                                                 std::string_view artifact_type) {
  std::string path = "/v2/" + repository.str() + "/referrers/" + subject.to_string();
  if (!artifact_type.empty()) add_query(path, "artifactType", artifact_type);
  std::vector<Descriptor> referrers;
  const auto listed = remote.pages(path, &repository, [&](const HttpResponse& response) -> Result<bool> {
    LAMINA_ASSIGN(Manifest index, parse_manifest(response.body, media_type::kImageIndex));
    std::ranges::move(index.manifests, std::back_inserter(referrers));
    if (referrers.size() > kMaxNames)
      return fail(Code::kTooLarge, remote.registry() + " lists more than a million referrers");
    return true;
  });
  if (listed) return referrers;
  // Only a registry without this API answers 404.
  if (listed.error().code == Code::kNotFound) return std::nullopt;
  return std::unexpected(listed.error());
}

void keep_type(std::vector<Descriptor>& referrers, std::string_view artifact_type) {
  if (artifact_type.empty()) return;
  std::erase_if(referrers, [&](const Descriptor& d) { return d.artifact_type != artifact_type; });
}

}  // namespace

Result<std::vector<Tag>> list_tags(Remote& remote, const RepositoryName& repository, std::size_t limit) {
  std::string path = "/v2/" + repository.str() + "/tags/list";
  if (limit != 0) add_query(path, "n", std::to_string(limit));
  std::vector<Tag> tags;
  LAMINA_TRY(
      walk_names(remote, path, &repository, "tags", limit, [&](const std::string& text) -> Result<void> {
        LAMINA_ASSIGN(Tag tag, Tag::parse(text));
        tags.push_back(std::move(tag));
        return {};
      }));
  return tags;
}

Result<std::vector<RepositoryName>> list_repositories(Remote& remote, std::size_t limit) {
  std::string path = "/v2/_catalog";
  if (limit != 0) add_query(path, "n", std::to_string(limit));
  std::vector<RepositoryName> names;
  LAMINA_TRY(
      walk_names(remote, path, nullptr, "repositories", limit, [&](const std::string& text) -> Result<void> {
        LAMINA_ASSIGN(RepositoryName name, RepositoryName::parse(text));
        names.push_back(std::move(name));
        return {};
      }));
  return names;
}

Result<std::vector<Descriptor>> list_referrers(Remote& remote, const RepositoryName& repository,
                                               const Digest& subject, std::string_view artifact_type) {
  LAMINA_ASSIGN(auto referrers, ask_for_referrers(remote, repository, subject, artifact_type));
  if (!referrers) {
    LAMINA_ASSIGN(const Tag tag, Tag::parse(referrers_tag(subject)));
    LAMINA_ASSIGN(auto index, referrers_index(remote, repository, tag));
    referrers = index ? std::move(index->manifests) : std::vector<Descriptor>();
  }
  keep_type(*referrers, artifact_type);  // A registry need not filter.
  return *std::move(referrers);
}

Result<void> add_to_referrers_tag(Remote& remote, const RepositoryName& repository, const Digest& subject,
                                  const Descriptor& referrer) {
  LAMINA_ASSIGN(const Tag tag, Tag::parse(referrers_tag(subject)));
  LAMINA_ASSIGN(std::optional<Manifest> found, referrers_index(remote, repository, tag));
  Manifest index = found ? *std::move(found) : Manifest();
  index.kind = ManifestKind::kIndex;
  index.media_type = media_type::kImageIndex;
  if (std::ranges::find(index.manifests, referrer.digest, &Descriptor::digest) != index.manifests.end())
    return {};
  index.manifests.push_back(referrer);
  LAMINA_TRY(
      remote.put_manifest(repository, tag, media_type::kImageIndex, serialize(index, FieldOrder::kOras)));
  return {};
}

Result<void> remove_manifest(Remote& remote, const RepositoryName& repository, const Digest& digest) {
  const auto fetched = remote.get_manifest(repository, digest);
  // What cannot be read must be removable all the same.
  if (!fetched || !fetched->manifest.subject) return remote.delete_manifest(repository, digest);
  const Digest& subject = fetched->manifest.subject->digest;
  LAMINA_ASSIGN(const auto listed, ask_for_referrers(remote, repository, subject, {}));
  if (listed) return remote.delete_manifest(repository, digest);

  // The list comes first: without the manifest nothing would name the subject, so that nobody could go on
  // where this breaks off.
  LAMINA_ASSIGN(const Tag tag, Tag::parse(referrers_tag(subject)));
  LAMINA_ASSIGN(std::optional<Manifest> index, referrers_index(remote, repository, tag));
  std::optional<Descriptor> entry;
  if (index) {
    const auto found = std::ranges::find(index->manifests, digest, &Descriptor::digest);
    if (found != index->manifests.end()) {
      entry = std::move(*found);
      index->manifests.erase(found);
      LAMINA_TRY(remote.put_manifest(repository, tag, media_type::kImageIndex,
                                     serialize(*index, FieldOrder::kOras)));
    }
  }
  auto removed = remote.delete_manifest(repository, digest);
  // Many registries refuse to delete: what stays must be found again.
  if (!removed && entry && removed.error().code != Code::kNotFound) {
    LAMINA_TRY(add_to_referrers_tag(remote, repository, subject, *entry));
  }
  return removed;
}

}  // namespace lamina::client
