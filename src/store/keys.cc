// SPDX-License-Identifier: Apache-2.0
#include "store/keys.h"

namespace lamina::store::keys {
namespace {

std::string_view chars(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string term(std::string_view text) {
  return std::string(chars(Digest::of(text).raw()).substr(0, kTermBytes));
}

std::unexpected<Error> damaged() {
  return fail(Code::kCorrupt, "a record has a key that does not parse; the records are damaged");
}

}  // namespace

std::string of(const Digest& digest) {
  std::string key(1, static_cast<char>(digest.algorithm()));
  key += chars(digest.raw());
  return key;
}

std::string repository(const RepositoryName& repository) { return repository.str(); }
std::string in(const RepositoryName& repository) { return repository.str() + '\0'; }
std::string in(const RepositoryName& repository, const Digest& digest) { return in(repository) + of(digest); }
std::string in(const RepositoryName& repository, const Tag& tag) { return in(repository) + tag.str(); }

std::string tag_of(const RepositoryName& repository, const Digest& digest, const Tag& tag) {
  return in(repository, digest) + tag.str();
}

std::string blob(const Digest& digest) { return of(digest); }
std::string linked(const Digest& digest, const RepositoryName& repository) {
  return of(digest) + repository.str();
}

std::string edges(const Digest& named, const RepositoryName& repository) {
  return of(named) + in(repository);
}
std::string edge(const Digest& named, const RepositoryName& repository, const Digest& manifest) {
  return edges(named, repository) + of(manifest);
}

std::string referrers(const RepositoryName& repository, const Digest& subject,
                      std::string_view artifact_type) {
  return in(repository, subject) +
         (artifact_type.empty() ? std::string(kTermBytes, '\0') : term(artifact_type));
}
std::string referrer(const RepositoryName& repository, const Digest& subject, std::string_view artifact_type,
                     const Digest& referrer) {
  return referrers(repository, subject, artifact_type) + of(referrer);
}

std::string upload(const blob::UploadId& upload) { return upload.str(); }
std::string removal(const blob::BlobId& id) { return id.str(); }

std::string due(UnixTime when, const RepositoryName& repository, const Digest& digest) {
  std::string key;
  const auto seconds = static_cast<std::uint64_t>(when.time_since_epoch().count());
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>((seconds >> shift) & 0xff);
  return key + in(repository, digest);
}

Result<UnixTime> due_time(std::string_view key) {
  if (key.size() < sizeof(std::uint64_t)) return damaged();
  std::uint64_t seconds = 0;
  for (const char byte : key.substr(0, sizeof seconds))
    seconds = seconds << 8 | static_cast<unsigned char>(byte);
  return UnixTime{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

std::string identity_term(std::string_view key, std::string_view value) {
  std::string text(key);
  text += '\0';
  text += value;
  return term(text);
}
std::string identity(std::string_view key, std::string_view value, const RepositoryName& repository,
                     const Digest& manifest) {
  return identity_term(key, value) + in(repository, manifest);
}

Result<Digest> take_digest(std::string_view& rest) {
  if (rest.empty()) return damaged();
  const auto algorithm = static_cast<Algorithm>(rest.front());
  if (algorithm != Algorithm::kSha256 && algorithm != Algorithm::kSha512) return damaged();
  const std::size_t size = digest_size(algorithm);
  if (rest.size() < 1 + size) return damaged();
  const auto raw = std::as_bytes(std::span(rest.substr(1, size)));
  rest.remove_prefix(1 + size);
  return Digest::from_raw(algorithm, raw);
}

std::string scope(const Scope& scope) {
  return scope.cluster + '\0' + scope.group + '\0' + scope.kind + '\0';
}
std::string holder(const Holder& holder) {
  return scope(holder.scope) + holder.namespace_name + '\0' + holder.name;
}
std::string held(const HeldManifest& held, std::string_view holder_key) {
  return in(held.repository, held.digest).append(holder_key);
}
std::string owned_due(const Scope& scope, UnixTime when, const RepositoryName& repository,
                      const Digest& digest) {
  return keys::scope(scope) + due(when, repository, digest);
}

Result<Holder> parse_holder(std::string_view key) {
  Holder holder;
  for (std::string* part :
       {&holder.scope.cluster, &holder.scope.group, &holder.scope.kind, &holder.namespace_name}) {
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos) return damaged();
    *part = key.substr(0, end);
    key.remove_prefix(end + 1);
  }
  holder.name = key;
  if (!validate(holder)) return damaged();
  return holder;
}

Result<Member> take_member(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return damaged();
  auto name = RepositoryName::parse(rest.substr(0, end));
  if (!name) return damaged();
  rest.remove_prefix(end + 1);
  LAMINA_ASSIGN(auto digest, take_digest(rest));
  return Member{std::move(*name), digest};
}

Result<Member> parse_member(std::string_view rest) {
  auto member = take_member(rest);
  if (member && !rest.empty()) return damaged();
  return member;
}

}  // namespace lamina::store::keys
