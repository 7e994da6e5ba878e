// SPDX-License-Identifier: Apache-2.0
#include "kube/time.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace lamina::kube {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::seconds;

/// As many digits as `width`, which are taken off `text`; -1 where they are not there.
int take_number(std::string_view& text, std::size_t width) {
  int number = 0;
  if (text.size() < width) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + width, number);
  if (error != std::errc{} || end != text.data() + width || number < 0) return -1;
  text.remove_prefix(width);
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_letter(std::string_view& text, char upper) {
  return take(text, upper) || take(text, static_cast<char>(upper - 'A' + 'a'));
}

/// `Z`, `+hh:mm` or `-hh:mm`.
bool take_offset(std::string_view& text, seconds& offset) {
  if (take_letter(text, 'Z')) return true;
  const bool west = text.starts_with('-');
  if (!west && !text.starts_with('+')) return false;
  text.remove_prefix(1);
  const int hours = take_number(text, 2);
  if (hours < 0 || hours > 23 || !take(text, ':')) return false;
  const int minutes = take_number(text, 2);
  if (minutes < 0 || minutes > 59) return false;
  offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  if (west) offset = -offset;
  return true;
}

bool take_fraction(std::string_view& text) {
  if (!take(text, '.')) return true;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  return digits > 0;
}

std::unexpected<Error> no_time(std::string_view text) {
  return fail(Code::kInvalid,
              "expected a time such as 2024-01-02T03:04:05Z, found '" + std::string(text) + "'");
}

std::string date_and_time(UnixTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string format_time(UnixTime time) { return date_and_time(time) + "Z"; }

std::string format_micro_time(std::chrono::sys_time<microseconds> time) {
  const auto whole = std::chrono::floor<seconds>(time);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>((time - whole).count()));
  return date_and_time(whole) + fraction.data();
}

Result<UnixTime> parse_time(std::string_view text) {
  std::string_view rest = text;
  const int year = take_number(rest, 4);
  if (year < 0 || !take(rest, '-')) return no_time(text);
  const int month = take_number(rest, 2);
  if (month < 0 || !take(rest, '-')) return no_time(text);
  const int day = take_number(rest, 2);
  if (day < 0 || !take_letter(rest, 'T')) return no_time(text);
  const int hour = take_number(rest, 2);
  if (hour < 0 || hour > 23 || !take(rest, ':')) return no_time(text);
  const int minute = take_number(rest, 2);
  if (minute < 0 || minute > 59 || !take(rest, ':')) return no_time(text);
  const int second = take_number(rest, 2);
  seconds offset{0};
  if (second < 0 || second > 60 || !take_fraction(rest) || !take_offset(rest, offset) || !rest.empty()) {
    return no_time(text);
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return no_time(text);
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         seconds(second) - offset;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::kInvalid,
                "expected a duration such as 30s, 10m or 1h30m, found '" + std::string(text) + "'");
  };
  if (text == "0") return std::chrono::milliseconds(0);
  // Longer units first where one begins with another.
  constexpr std::array<std::pair<std::string_view, double>, 7> kUnits{{{"ms", 1},
                                                                       {"us", 1e-3},
                                                                       {"\u00b5s", 1e-3},
                                                                       {"ns", 1e-6},
                                                                       {"h", 3'600'000},
                                                                       {"m", 60'000},
                                                                       {"s", 1000}}};
  std::string_view rest = text;
  double milliseconds = 0;
  if (rest.empty()) return wrong();
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0 || rest.front() == '-') return wrong();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto* unit = kUnits.begin();
    while (unit != kUnits.end() && !rest.starts_with(unit->first)) ++unit;
    if (unit == kUnits.end()) return wrong();
    rest.remove_prefix(unit->first.size());
    milliseconds += number * unit->second;
  }
  constexpr double kLongest = 9.2e15;  // Of Go: 292 years.
  if (milliseconds > kLongest) return wrong();
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

}  // namespace lamina::kube
