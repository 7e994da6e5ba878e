// SPDX-License-Identifier: Apache-2.0
#include "cmd/address.h"

#include <fmt/format.h>

#include <algorithm>

#include "lamina/reference.h"

namespace lamina::cmd {
namespace {

bool cut(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Only references hold registries, so one is made.
bool is_registry(std::string_view text) {
  return !text.contains('/') && Reference::parse(fmt::format("oci://{}/a", text)).has_value();
}

bool is_url_path(std::string_view text) {
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,"
             ";=:@/%") == std::string_view::npos;
}

}  // namespace

Result<std::string> parse_base_url(std::string_view text) {
  std::string_view url = text;
  while (url.ends_with('/')) url.remove_suffix(1);
  std::string_view rest = url;
  const bool has_scheme = cut(rest, "http://") || cut(rest, "https://");
  const auto slash = std::min(rest.find('/'), rest.size());
  if (!has_scheme || !is_registry(rest.substr(0, slash)) || !is_url_path(rest.substr(slash))) {
    return fail(Code::kInvalid, fmt::format("expected http:// or https://, a host and no query, such as "
                                            "http://lamina.example:5000, found '{}'",
                                            text));
  }
  return std::string(url);
}

Result<RegistryAddress> parse_registry(std::string_view text) {
  std::string_view name = text;
  std::optional<bool> tls;
  if (cut(name, "http://")) {
    tls = false;
  } else if (cut(name, "https://")) {
    tls = true;
  } else {
    cut(name, "oci://");
  }
  if (name.size() < text.size() && name.ends_with('/')) name.remove_suffix(1);
  if (!is_registry(name)) {
    return fail(Code::kInvalid,
                fmt::format("expected HOST[:PORT], such as 127.0.0.1:5000, found '{}'", text));
  }
  return RegistryAddress{.name = std::string(name), .tls = tls};
}

}  // namespace lamina::cmd
