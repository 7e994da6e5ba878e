// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"

#include <algorithm>

#include "cmd/quantity.h"

namespace lamina::cmd {

Take Command::into(bool& target) { return into(target, parse_boolean); }

Option& Command::setting(std::string_view section, std::string_view setting_name, Take take,
                         std::string_view short_name) {
  const Setting* setting = find_setting(section, setting_name);
  const std::string names =
      (short_name.empty() ? "--" : std::string(short_name) + ",--") + std::string(setting_name);
  Option& option = add(names, setting->value, std::move(take), setting->help);
  option.repeated = setting->kind == SettingKind::kList;
  option.setting = setting;
  if (setting->kind == SettingKind::kFile) option.completes = Completes::kFiles;
  if (setting->kind == SettingKind::kDirectory) option.completes = Completes::kDirectories;
  return option;
}

std::vector<std::string_view> names_of(const Option& option) {
  std::vector<std::string_view> names;
  std::string_view rest = option.names;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    names.push_back(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return names;
}

std::string_view long_name_of(const Option& option) {
  std::string_view name = names_of(option).back();
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  return name;
}

}  // namespace lamina::cmd
