// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lamina/client.h"
#include "oci/json_writer.h"

namespace lamina::cmd {

/// `name  value` lines, values below each other; those with empty values are left out.
std::string rows(std::initializer_list<std::pair<std::string_view, std::string>> rows);

/// `sha256:... (12.3 MiB, application/...)`.
std::string describe(const Descriptor& descriptor);

// Parts of JSON output. Member names are those of OCI documents where these have them.
oci::JsonWriter json_writer();
void write_descriptor(oci::JsonWriter& json, std::string_view name, const Descriptor& descriptor);
void write_map(oci::JsonWriter& json, std::string_view name, const Annotations& map);
void write_tags(oci::JsonWriter& json, const std::vector<Tag>& tags);

/// `REGISTRY/REPOSITORY@DIGEST`.
std::string pinned(const std::string& registry, const RepositoryName& repository, const Digest& digest);
/// The members registry, repository, reference (pinned) and digest.
void write_name(oci::JsonWriter& json, const std::string& registry, const RepositoryName& repository,
                const Digest& digest);

/// What packing dropped, for Report::warning; empty where it dropped nothing.
std::string dropped_warning(const PackStats& stats);

}  // namespace lamina::cmd
