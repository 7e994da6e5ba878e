// SPDX-License-Identifier: Apache-2.0
#include "lamina/identity.h"

#include <utility>
#include <vector>

#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/quote.h"
#include "oci/utf8.h"

namespace lamina {
namespace {

/// FNV-1, not FNV-1a: multiply, then XOR.
class Fnv1 {
 public:
  Fnv1& text(std::string_view bytes) {
    for (const char c : bytes) byte(static_cast<unsigned char>(c));
    return *this;
  }
  /// Little-endian.
  Fnv1& number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(value >> (8 * i)));
    return *this;
  }
  std::uint64_t value() const { return value_; }

 private:
  void byte(unsigned char byte) { value_ = value_ * 0x100000001b3 ^ byte; }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

Result<std::vector<std::string>> ocm_v2_elements(const Identity& identity) {
  std::vector<std::string> elements;
  for (const std::string_view key : {"component-name", "resource-name", "resource-version"}) {
    if (const auto entry = identity.find(key); entry != identity.end()) elements.push_back(entry->second);
  }
  if (!identity.contains("component-name") || elements.size() == 2) {
    return fail(Code::kInvalid,
                "naming scheme ocm-v2: expected component-name, and for a resource also resource-name and "
                "resource-version; found " +
                    oci::quote(canonical_json(identity)));
  }
  return elements;
}

Result<std::string> scheme_name(const Identity& identity, NamingScheme scheme) {
  switch (scheme) {
    case NamingScheme::kOcmV1: return "sha-" + std::to_string(ocm_v1_hash(identity));
    case NamingScheme::kOcmV2: {
      LAMINA_ASSIGN(const std::vector<std::string> elements, ocm_v2_elements(identity));
      return "sha-" + std::to_string(ocm_v2_hash(elements));
    }
    case NamingScheme::kLamina: break;
  }
  LAMINA_TRY(validate(identity));
  return "sha256-" + identity_digest(identity).hex();
}

}  // namespace

Result<NamingScheme> parse_naming_scheme(std::string_view text) {
  if (text == "lamina") return NamingScheme::kLamina;
  if (text == "ocm-v1") return NamingScheme::kOcmV1;
  if (text == "ocm-v2") return NamingScheme::kOcmV2;
  return fail(Code::kInvalid,
              "expected a naming scheme: lamina, ocm-v1 or ocm-v2; found " + oci::quote(text));
}

Result<void> validate(const Identity& identity) {
  if (identity.empty() || identity.size() > kMaxIdentityEntries) {
    return fail(Code::kInvalid, "identity: expected 1 to " + std::to_string(kMaxIdentityEntries) +
                                    " entries, found " + std::to_string(identity.size()));
  }
  for (const auto& [key, value] : identity) {
    if (key.empty())
      return fail(Code::kInvalid, "identity: expected a key before the value " + oci::quote(value));
    if (!oci::is_utf8(key) || !oci::is_utf8(value)) {
      return fail(Code::kInvalid, "identity: expected UTF-8 in the entry " + oci::quote(key));
    }
  }
  if (const std::size_t size = canonical_json(identity).size(); size > kMaxIdentityBytes) {
    return fail(Code::kInvalid, "identity: expected at most " + std::to_string(kMaxIdentityBytes) +
                                    " bytes of canonical JSON, found " + std::to_string(size));
  }
  return {};
}

std::string canonical_json(const Identity& identity) {
  oci::JsonWriter out(oci::JsonEscapes::kMinimal);
  out.begin_object();
  for (const auto& [key, value] : identity) out.name(key).string(value);
  return out.end_object().take();
}

Result<Identity> parse_identity(std::string_view json) {
  LAMINA_ASSIGN(const oci::Json document, oci::parse_json(json));
  const auto* members = document.as<oci::Json::Object>();
  if (members == nullptr) return fail(Code::kInvalid, "identity: expected a JSON object of strings");
  Identity identity;
  for (const auto& [name, value] : *members) {
    const auto* text = value.as<std::string>();
    if (text == nullptr) return fail(Code::kInvalid, "identity: expected a string for " + oci::quote(name));
    identity.emplace(name, *text);
  }
  return identity;
}

Result<Identity> parse_identity_pairs(std::span<const std::string> pairs) {
  Identity identity;
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::kInvalid, "identity: expected key=value, found " + oci::quote(pair));
    }
    if (!identity.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second) {
      return fail(Code::kInvalid, "identity: the key of " + oci::quote(pair) + " comes twice");
    }
  }
  return identity;
}

Digest identity_digest(const Identity& identity) { return Digest::of(canonical_json(identity)); }

std::uint64_t ocm_v1_hash(const std::map<std::string, std::string, std::less<>>& identity) {
  std::uint64_t entries = 0;
  for (const auto& [key, value] : identity) {
    entries ^= Fnv1().number(Fnv1().text(key).value()).number(Fnv1().text(value).value()).value();
  }
  return Fnv1().number(entries).value();
}

std::uint64_t ocm_v2_hash(std::span<const std::string> elements) {
  std::uint64_t hash = 0;
  for (const std::string& element : elements) {
    hash = Fnv1().number(hash).number(Fnv1().text(element).value()).value();
  }
  return hash;
}

std::string ocm_v2_tag(std::string_view version) {
  std::string tag;
  for (const char c : version) {
    if (c == '+') {
      tag += ".build-";
    } else {
      tag += c;
    }
  }
  return tag;
}

Result<RepositoryName> repository_of(const Identity& identity, NamingScheme scheme, std::string_view tenant) {
  if (scheme != NamingScheme::kLamina && !tenant.empty()) {
    return fail(Code::kInvalid, About::kRepository,
                "the names of ocm-v1 and ocm-v2 are flat by contract: expected no tenant, found " +
                    oci::quote(tenant));
  }
  LAMINA_ASSIGN(const std::string name, scheme_name(identity, scheme));
  return RepositoryName::parse(tenant.empty() ? name : std::string(tenant) + '/' + name);
}

}  // namespace lamina
