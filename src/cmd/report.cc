// SPDX-License-Identifier: Apache-2.0
#include "cmd/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/quantity.h"
#include "cmd/terminal.h"

namespace lamina::cmd {

std::string rows(std::initializer_list<std::pair<std::string_view, std::string>> rows) {
  std::size_t widest = 0;
  for (const auto& [name, value] : rows) {
    if (!value.empty()) widest = std::max(widest, name.size());
  }
  std::string text;
  for (const auto& [name, value] : rows) {
    if (!value.empty()) text += fmt::format("{:{}}  {}\n", name, widest, printable(value));
  }
  return text;
}

std::string describe(const Descriptor& descriptor) {
  return fmt::format("{} ({}, {})", descriptor.digest.to_string(), format_size(descriptor.size),
                     descriptor.media_type);
}

oci::JsonWriter json_writer() { return oci::JsonWriter(oci::JsonEscapes::kMinimal); }

void write_descriptor(oci::JsonWriter& json, std::string_view name, const Descriptor& descriptor) {
  json.name(name).begin_object();
  json.name("mediaType").string(descriptor.media_type);
  json.name("digest").string(descriptor.digest.to_string());
  json.name("size").integer(descriptor.size);
  json.end_object();
}

void write_map(oci::JsonWriter& json, std::string_view name, const Annotations& map) {
  json.name(name).begin_object();
  for (const auto& [key, value] : map) json.name(key).string(value);
  json.end_object();
}

void write_tags(oci::JsonWriter& json, const std::vector<Tag>& tags) {
  json.name("tags").begin_array();
  for (const Tag& tag : tags) json.string(tag.str());
  json.end_array();
}

std::string pinned(const std::string& registry, const RepositoryName& repository, const Digest& digest) {
  return fmt::format("{}/{}@{}", registry, repository.str(), digest.to_string());
}

void write_name(oci::JsonWriter& json, const std::string& registry, const RepositoryName& repository,
                const Digest& digest) {
  json.name("registry").string(registry);
  json.name("repository").string(repository.str());
  json.name("reference").string(pinned(registry, repository, digest));
  json.name("digest").string(digest.to_string());
}

std::string dropped_warning(const PackStats& stats) {
  if (stats.dropped == 0) return {};
  return fmt::format("left out {} that are neither file nor directory: {}{}", stats.dropped,
                     fmt::join(stats.first_dropped, " "),
                     stats.dropped > stats.first_dropped.size() ? " ..." : "");
}

}  // namespace lamina::cmd
