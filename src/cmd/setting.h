// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lamina/result.h"

namespace lamina::cmd {

enum class SettingKind : std::uint8_t {
  kText,
  kList,
  kSize,
  kCount,
  kDuration,
  kBoolean,
  kChoice,
  kFile,
  kDirectory
};

/// What can be given by a flag, an environment variable or the configuration file, in this order of
/// precedence.
struct Setting {
  std::string_view section;  ///< Of the configuration file.
  std::string_view name;     ///< Of the key in its section; `--name` is the flag. Unique over all sections.
  SettingKind kind;
  std::string_view value;     ///< Placeholder in help; of kChoice all choices, with `|` between.
  std::string_view fallback;  ///< Where nothing is given, as text; empty: none.
  std::string_view help;
};

/// All settings, by section. docs/config.md repeats the table.
std::span<const Setting> settings();

/// Null where there is no such setting.
const Setting* find_setting(std::string_view section, std::string_view name);

/// `LAMINA_ADVERTISE_URL`. In a variable, the entries of a list have commas between them.
std::string variable_of(const Setting& setting);

/// Whether `text` can be a value of the setting, or an entry of it if it is a list. kInvalid says what was
/// expected.
Result<void> check(const Setting& setting, std::string_view text);

}  // namespace lamina::cmd
