// SPDX-License-Identifier: Apache-2.0
#include "cmd/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "cmd/suggestion.h"

namespace lamina::cmd {
namespace {

constexpr std::size_t kLongestValue = 64 * 1024;

std::string_view kind_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Map: return "a map";
    case YAML::NodeType::Null: return "nothing";
    default: return "a text";
  }
}

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  Result<Config> read(const YAML::Node& document) {
    if (document.IsNull()) return Config{};
    if (!document.IsMap())
      return wrong(document.Mark(), fmt::format("expected sections, found {}", kind_of(document)));
    std::set<std::string_view> sections;
    for (const Setting& setting : settings()) sections.insert(setting.section);
    const std::vector<std::string_view> known(sections.begin(), sections.end());

    std::set<std::string> seen;
    for (const auto& entry : document) {
      LAMINA_ASSIGN(const auto name, key(entry.first, "the file", known, seen));
      LAMINA_TRY(read_section(name, entry.second));
    }
    return std::move(config_);
  }

  std::unexpected<Error> wrong(const YAML::Mark& mark, std::string_view what) const {
    // yaml-cpp counts from 0, and marks what has no place by -1.
    if (mark.is_null()) return fail(Code::kInvalid, fmt::format("{}: {}", file_, what));
    return fail(Code::kInvalid, fmt::format("{}:{}:{}: {}", file_, mark.line + 1, mark.column + 1, what));
  }

 private:
  Result<std::string> key(const YAML::Node& node, std::string_view where,
                          const std::vector<std::string_view>& known, std::set<std::string>& seen) const {
    if (!node.IsScalar()) return wrong(node.Mark(), fmt::format("expected a key, found {}", kind_of(node)));
    const std::string& name = node.Scalar();
    if (std::ranges::find(known, name) == known.end()) {
      const std::string near = suggestion(name, known);
      return wrong(node.Mark(),
                   fmt::format("unknown key '{}' in {}{}", name, where,
                               near.empty() ? fmt::format("; known are {}", fmt::join(known, ", ")) : near));
    }
    if (!seen.insert(name).second)
      return wrong(node.Mark(), fmt::format("key '{}' comes twice in {}", name, where));
    return name;
  }

  Result<void> read_section(const std::string& section, const YAML::Node& node) {
    if (node.IsNull()) return {};
    if (!node.IsMap()) {
      return wrong(node.Mark(),
                   fmt::format("expected keys and values for {}, found {}", section, kind_of(node)));
    }
    std::vector<std::string_view> known;
    for (const Setting& setting : settings()) {
      if (setting.section == section) known.push_back(setting.name);
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
      LAMINA_ASSIGN(const auto name, key(entry.first, section, known, seen));
      LAMINA_TRY(read_value(*find_setting(section, name), entry.second));
    }
    return {};
  }

  Result<void> read_value(const Setting& setting, const YAML::Node& node) {
    if (node.IsNull()) return {};
    std::vector<std::string> texts;
    if (setting.kind == SettingKind::kList) {
      if (!node.IsSequence()) {
        return wrong(node.Mark(),
                     fmt::format("expected a list for {}, found {}", setting.name, kind_of(node)));
      }
      for (const auto& entry : node) LAMINA_TRY(read_scalar(setting, entry, texts));
    } else {
      LAMINA_TRY(read_scalar(setting, node, texts));
    }
    config_.emplace(setting.name, std::move(texts));
    return {};
  }

  Result<void> read_scalar(const Setting& setting, const YAML::Node& node,
                           std::vector<std::string>& texts) const {
    if (!node.IsScalar() || node.Scalar().size() > kLongestValue) {
      const auto found = node.IsScalar() ? "a text that is too long" : kind_of(node);
      return wrong(node.Mark(), fmt::format("expected one value for {}, found {}", setting.name, found));
    }
    if (const auto checked = check(setting, node.Scalar()); !checked) {
      return wrong(node.Mark(), fmt::format("{}: {}", setting.name, checked.error().message));
    }
    texts.push_back(node.Scalar());
    return {};
  }

  std::string_view file_;
  Config config_;
};

}  // namespace

Result<Config> parse_config(std::string_view yaml, std::string_view file) {
  Reader reader(file);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.empty()) return Config{};
    if (documents.size() > 1) {
      return reader.wrong(documents[1].Mark(),
                          fmt::format("expected one document, found {}", documents.size()));
    }
    return reader.read(documents[0]);
  } catch (const YAML::Exception& error) {
    return reader.wrong(error.mark, error.msg);
  }
}

}  // namespace lamina::cmd
