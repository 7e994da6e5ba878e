// SPDX-License-Identifier: Apache-2.0
#include "cmd/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace lamina::cmd {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kSizeUnits[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000'000},
    {"GB", 1000'000'000},
    {"TB", 1000'000'000'000},
    {"KiB", std::uint64_t{1} << 10},
    {"MiB", std::uint64_t{1} << 20},
    {"GiB", std::uint64_t{1} << 30},
    {"TiB", std::uint64_t{1} << 40},
    {"Ki", std::uint64_t{1} << 10},
    {"Mi", std::uint64_t{1} << 20},
    {"Gi", std::uint64_t{1} << 30},
    {"Ti", std::uint64_t{1} << 40},
};
constexpr Unit kTimeUnits[] = {{"d", 24 * 60 * 60}, {"h", 60 * 60}, {"m", 60}, {"s", 1}};

/// Takes a whole number off the front of `text`; nothing where there is none or it is too large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  const auto unit = std::ranges::find(kSizeUnits, rest, &Unit::name);
  if (!number || unit == std::end(kSizeUnits) ||
      *number > std::numeric_limits<std::uint64_t>::max() / unit->factor) {
    return fail(Code::kInvalid, fmt::format("expected a size such as 4096, 100MiB or 2GB, got '{}'", text));
  }
  return *number * unit->factor;
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t kLongest = std::uint64_t{1000} * 365 * 24 * 60 * 60;
  std::string_view rest = text;
  std::uint64_t seconds = 0;
  auto larger = std::begin(kTimeUnits);
  do {
    const auto number = take_number(rest);
    const auto unit =
        std::find_if(larger, std::end(kTimeUnits), [&](const Unit& u) { return rest.starts_with(u.name); });
    if (!number || unit == std::end(kTimeUnits) || *number > (kLongest - seconds) / unit->factor) {
      return fail(Code::kInvalid,
                  fmt::format("expected a duration such as 90s, 1h30m or 7d, got '{}'", text));
    }
    seconds += *number * unit->factor;
    rest.remove_prefix(unit->name.size());
    larger = unit + 1;
  } while (!rest.empty());
  return std::chrono::seconds(seconds);
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  if (!number || !rest.empty())
    return fail(Code::kInvalid, fmt::format("expected a whole number, got '{}'", text));
  return *number;
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Code::kInvalid, fmt::format("expected true or false, got '{}'", text));
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // From 1023.95 on, one decimal would be shown as 1024.0.
  while (size >= 1023.95 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string format_duration(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace lamina::cmd
