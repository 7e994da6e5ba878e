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

constexpr std::string_view kDigits = "0123456789";

/// Takes a whole number off the front of `text`; nothing where there is none or it is too large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// `0` in `form` stands for any digit.
bool has_form(std::string_view text, std::string_view form) {
  return std::ranges::equal(text, form, [](char c, char expected) {
    return expected == '0' ? kDigits.contains(c) : c == expected;
  });
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  const auto unit = std::ranges::find(kSizeUnits, rest, &Unit::name);
  if (!number || unit == std::end(kSizeUnits) ||
      *number > std::numeric_limits<std::uint64_t>::max() / unit->factor) {
    return fail(Code::kInvalid, fmt::format("expected a size such as 4096, 100MiB or 2GB, found '{}'", text));
  }
  return *number * unit->factor;
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t kLongest = std::uint64_t{1000} * 365 * 24 * 60 * 60;
  constexpr std::string_view kLongestText = "365000d";
  std::string_view rest = text;
  std::uint64_t seconds = 0;
  auto larger = std::begin(kTimeUnits);
  do {
    const auto number = take_number(rest);
    const auto unit =
        std::find_if(larger, std::end(kTimeUnits), [&](const Unit& u) { return rest.starts_with(u.name); });
    if (number && unit != std::end(kTimeUnits) && *number > (kLongest - seconds) / unit->factor) {
      return fail(Code::kInvalid, fmt::format("expected at most {}, found '{}'", kLongestText, text));
    }
    if (!number || unit == std::end(kTimeUnits)) {
      return fail(Code::kInvalid,
                  fmt::format("expected a duration such as 90s, 1h30m or 7d, found '{}'", text));
    }
    seconds += *number * unit->factor;
    rest.remove_prefix(unit->name.size());
    larger = unit + 1;
  } while (!rest.empty());
  return std::chrono::seconds(seconds);
}

Result<std::string> parse_timestamp(std::string_view text) {
  const std::string_view moment = text.substr(0, 19);
  std::string_view zone = text.substr(moment.size());
  if (zone.starts_with('.') && zone.find_first_of(kDigits) == 1)
    zone.remove_prefix(std::min(zone.find_first_not_of(kDigits, 1), zone.size()));
  const bool has_offset = zone.starts_with('+') || zone.starts_with('-');
  const bool formed = has_form(moment, "0000-00-00T00:00:00") &&
                      (zone == "Z" || (has_offset && has_form(zone.substr(1), "00:00")));
  const auto number = [](std::string_view digits) { return static_cast<unsigned>(*take_number(digits)); };
  const auto right = [&] {
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(moment.substr(0, 4)))),
                                           std::chrono::month(number(moment.substr(5, 2))),
                                           std::chrono::day(number(moment.substr(8, 2))));
    // A leap second is 60.
    return date.ok() && number(moment.substr(11, 2)) < 24 && number(moment.substr(14, 2)) < 60 &&
           number(moment.substr(17, 2)) <= 60 &&
           (!has_offset || (number(zone.substr(1, 2)) < 24 && number(zone.substr(4, 2)) < 60));
  };
  if (formed && right()) return std::string(text);
  return fail(Code::kInvalid,
              fmt::format("expected a time such as 2024-01-02T03:04:05Z (RFC 3339), found '{}'", text));
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  if (!number || !rest.empty())
    return fail(Code::kInvalid, fmt::format("expected a whole number, found '{}'", text));
  return *number;
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Code::kInvalid, fmt::format("expected true or false, found '{}'", text));
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
