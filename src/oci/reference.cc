// SPDX-License-Identifier: Apache-2.0
#include "lamina/reference.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "oci/quote.h"

namespace lamina {
namespace {

constexpr bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
constexpr bool is_alphanumeric(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
bool is_name_component(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_lower_or_digit(text[i])) {
      ++i;
      continue;
    }
    // The last character is no separator, so there is one that ends this.
    const std::size_t length = text.substr(i).find_first_of("abcdefghijklmnopqrstuvwxyz0123456789");
    const std::string_view separator = text.substr(i, length);
    if (separator != "." && separator != "_" && separator != "__" &&
        separator.find_first_not_of('-') != std::string_view::npos) {
      return false;
    }
    i += length;
  }
  return true;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && text.size() <= 5 && port > 0 &&
         port < 65536;
}

/// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
bool is_registry(std::string_view text) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return false;
    const std::string host(text.substr(1, close - 1));
    in6_addr address;
    if (host.find('\0') != std::string::npos || inet_pton(AF_INET6, host.c_str(), &address) != 1)
      return false;
    rest = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    const std::string_view host = text.substr(0, colon);
    if (host.empty() || !is_alphanumeric(host.front()) ||
        !std::ranges::all_of(host, [](char c) { return is_alphanumeric(c) || c == '.' || c == '-'; })) {
      return false;
    }
    rest = text.substr(colon);
  }
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

bool looks_like_registry(std::string_view component) {
  return component == "localhost" || component.find_first_of(".:") != std::string_view::npos;
}

/// Cuts a scheme off; true if there was one.
bool cut_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"oci://", "http://", "https://"}) {
    if (text.starts_with(scheme)) {
      text.remove_prefix(scheme.size());
      return true;
    }
  }
  return false;
}

}  // namespace

Result<RepositoryName> RepositoryName::parse(std::string_view text) {
  if (text.size() > kMaxLength) {
    return fail(Code::kInvalid, About::kRepository,
                "expected a repository name of at most " + std::to_string(kMaxLength) + " bytes, found " +
                    std::to_string(text.size()));
  }
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('/', start), text.size());
    if (!is_name_component(text.substr(start, end - start))) {
      return fail(Code::kInvalid, About::kRepository,
                  "expected a repository name of lower-case letters, digits, single '.', '_', '__' or '-' "
                  "between them, and '/' between its parts; found " +
                      oci::quote(text));
    }
    start = end + 1;
  }
  return RepositoryName(std::string(text));
}

Result<Tag> Tag::parse(std::string_view text) {
  const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  if (text.empty() || text.size() > 128 || !is_word(text.front()) ||
      !std::ranges::all_of(text, [&](char c) { return is_word(c) || c == '.' || c == '-'; })) {
    return fail(
        Code::kInvalid, About::kTag,
        "expected a tag of 1 to 128 letters, digits, '_', '.' or '-' that starts with neither '.' nor "
        "'-'; found " +
            oci::quote(text));
  }
  return Tag(std::string(text));
}

Result<TagOrDigest> parse_tag_or_digest(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return Digest::parse(text);
  return Tag::parse(text);
}

std::string to_string(const TagOrDigest& reference) {
  if (const auto* tag = std::get_if<Tag>(&reference)) return tag->str();
  return std::get<Digest>(reference).to_string();
}

Result<Reference> Reference::parse(std::string_view text) {
  std::string_view rest = text;
  const bool has_scheme = cut_scheme(rest);

  std::optional<Digest> digest;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    LAMINA_ASSIGN(digest, Digest::parse(rest.substr(at + 1)));
    rest = rest.substr(0, at);
  }

  std::string registry;
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos && (has_scheme || looks_like_registry(rest.substr(0, slash)))) {
    registry = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (!is_registry(registry)) {
      return fail(Code::kInvalid, "expected host[:port] before the first '/', found " + oci::quote(registry) +
                                      " in " + oci::quote(text));
    }
  } else if (has_scheme) {
    return fail(Code::kInvalid, About::kRepository,
                "expected host[:port]/repository after the scheme, found " + oci::quote(text));
  }

  std::optional<Tag> tag;
  if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    LAMINA_ASSIGN(tag, Tag::parse(rest.substr(colon + 1)));
    rest = rest.substr(0, colon);
  }
  LAMINA_ASSIGN(RepositoryName repository, RepositoryName::parse(rest));
  return Reference{std::move(registry), std::move(repository), std::move(tag), std::move(digest)};
}

std::string Reference::to_string() const {
  // A bare host such as `zot` is told from a repository's first part by the scheme alone.
  std::string out = registry.empty() || looks_like_registry(registry) ? "" : "oci://";
  if (!registry.empty()) out += registry + '/';
  out += repository.str();
  if (tag) out += ':' + tag->str();
  if (digest) out += '@' + digest->to_string();
  return out;
}

TagOrDigest Reference::target() const {
  if (digest) return *digest;
  return tag ? *tag : *Tag::parse("latest");
}

}  // namespace lamina
