// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "lamina/digest.h"
#include "lamina/reference.h"
#include "lamina/result.h"

namespace lamina {

/// What an artifact is: `component-name`, `resource-version`, ... validate() has the rules.
using Identity = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t kMaxIdentityEntries = 64;
inline constexpr std::size_t kMaxIdentityBytes = std::size_t{16} * 1024;  ///< Of canonical JSON.

/// The manifest annotation that repeats the identity as canonical JSON.
inline constexpr std::string_view kIdentityAnnotation = "dev.lamina.identity";

/// How a repository name follows from an identity.
enum class NamingScheme : std::uint8_t {
  kLamina,  ///< `sha256-<hex of the identity digest>`
  kOcmV1,   ///< `sha-<decimal>` of the hash of a map, ocm-controller v1
  kOcmV2,   ///< `sha-<decimal>` of the hash of a list, ocm-k8s-toolkit v2
};
Result<NamingScheme> parse_naming_scheme(std::string_view text);  // "lamina", "ocm-v1", "ocm-v2"

/// kInvalid where there is no entry, a key is empty, text is not UTF-8 or a limit is passed. Scheme kOcmV1
/// has hashes for identities that this refuses (the empty map); they can be computed all the same.
Result<void> validate(const Identity& identity);

/// Keys sorted by bytes, no white space, strings with the escapes of RFC 8785.
std::string canonical_json(const Identity& identity);
/// Inverse of canonical_json(); accepts any JSON object of strings, but no key twice. Does not validate().
Result<Identity> parse_identity(std::string_view json);
/// Parses `key=value`, one entry each; the value may hold '='. kInvalid for a key that is empty or comes
/// twice.
Result<Identity> parse_identity_pairs(std::span<const std::string> pairs);
/// SHA-256 of the canonical JSON.
Digest identity_digest(const Identity& identity);

/// hashstructure v2, FNV-1 64: of a map, and of a list of strings.
std::uint64_t ocm_v1_hash(const std::map<std::string, std::string, std::less<>>& identity);
std::uint64_t ocm_v2_hash(std::span<const std::string> elements);
/// The tag that ocm-k8s-toolkit v2 makes of a version: each `+`, which a tag cannot hold, becomes `.build-`.
std::string ocm_v2_tag(std::string_view version);

/// `[<tenant>/]<scheme name>`. ocm names are flat by contract: a tenant with them is kInvalid.
/// kLamina wants an identity that passes validate(). For kOcmV2 the elements are the values of
/// component-name, resource-name and resource-version, in this order, or of component-name alone; any other
/// choice of the three is kInvalid.
Result<RepositoryName> repository_of(const Identity& identity, NamingScheme scheme = NamingScheme::kLamina,
                                     std::string_view tenant = {});

}  // namespace lamina
