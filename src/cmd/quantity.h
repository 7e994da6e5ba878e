// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::cmd {

// Texts of flags, environment variables and the configuration file. Errors are kInvalid.

/// A whole number of bytes with an optional unit: KiB, MiB, GiB, TiB (also Ki, Mi, Gi, Ti, as in Kubernetes)
/// or kB, MB, GB, TB.
Result<std::uint64_t> parse_size(std::string_view text);
/// Whole numbers with units d, h, m and s, from large to small: `90s`, `1h30m`, `7d`.
Result<std::chrono::seconds> parse_duration(std::string_view text);
/// A time as RFC 3339 writes it, such as 2024-01-02T03:04:05Z; returned as it is.
Result<std::string> parse_timestamp(std::string_view text);
/// A whole number without a sign.
Result<std::uint64_t> parse_count(std::string_view text);
/// `true` or `false`.
Result<bool> parse_boolean(std::string_view text);

/// In binary units with three figures or so: `512 B`, `1.5 KiB`, `12.3 MiB`.
std::string format_size(std::uint64_t bytes);
/// `m:ss`, or `h:mm:ss` from one hour on.
std::string format_duration(std::chrono::seconds duration);

}  // namespace lamina::cmd
