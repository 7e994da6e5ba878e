// SPDX-License-Identifier: Apache-2.0
#include "cluster/manifests.h"

#include <yaml-cpp/yaml.h>

#include <optional>
#include <set>
#include <string>

#include "oci/json_writer.h"

namespace lamina::cluster {
namespace {

/// Bounds what aliases can multiply to; an object of Kubernetes is smaller.
constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
constexpr unsigned kMaxDepth = 64;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A number as JSON writes it: those of YAML's other forms (0x10, .5, 1_000) stay strings.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto whole = text.substr(0, text.find_first_of(".eE"));
  if (!is_digits(whole) || (whole.size() > 1 && whole.front() == '0')) return false;
  text.remove_prefix(whole.size());
  if (text.starts_with('.')) {
    const auto fraction = text.substr(1, text.find_first_of("eE") - 1);
    if (!is_digits(fraction)) return false;
    text.remove_prefix(1 + fraction.size());
  }
  if (text.empty()) return true;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return is_digits(text);
}

/// What a plain scalar is in JSON; nothing where it is a string.
std::optional<std::string_view> literal_of(std::string_view text) {
  for (const std::string_view null : {"", "null", "Null", "NULL", "~"}) {
    if (text == null) return "null";
  }
  if (text == "true" || text == "True" || text == "TRUE") return "true";
  if (text == "false" || text == "False" || text == "FALSE") return "false";
  return is_json_number(text) ? std::optional(text) : std::nullopt;
}

class Converter {
 public:
  Result<std::string> run(const YAML::Node& node) {
    LAMINA_TRY(write(node, 0));
    return json_.take();
  }

 private:
  Result<void> write(const YAML::Node& node, unsigned depth) {
    if (depth > kMaxDepth) return fail(Code::kInvalid, "the document is nested too deeply");
    if (node.IsMap()) {
      json_.begin_object();
      std::set<std::string> names;
      for (const auto& member : node) {
        const std::string& name = member.first.Scalar();
        if (!member.first.IsScalar() || !names.insert(name).second) {
          return fail(Code::kInvalid, "line " + std::to_string(member.first.Mark().line + 1) +
                                          ": expected names that are strings and come once, found " + name);
        }
        LAMINA_TRY(count(name.size()));
        json_.name(name);
        LAMINA_TRY(write(member.second, depth + 1));
      }
      json_.end_object();
      return {};
    }
    if (node.IsSequence()) {
      json_.begin_array();
      for (const auto& element : node) LAMINA_TRY(write(element, depth + 1));
      json_.end_array();
      return {};
    }
    return scalar(node);
  }

  Result<void> scalar(const YAML::Node& node) {
    const std::string& text = node.IsScalar() ? node.Scalar() : std::string();
    LAMINA_TRY(count(text.size()));
    const bool quoted = node.IsScalar() && node.Tag() == "!";
    const auto literal = quoted || node.Tag() == "tag:yaml.org,2002:str" ? std::nullopt : literal_of(text);
    if (literal) {
      json_.raw(*literal);
    } else {
      json_.string(text);
    }
    return {};
  }

  Result<void> count(std::size_t bytes) {
    bytes_ += bytes + 8;
    if (bytes_ <= kMaxBytes) return {};
    return fail(Code::kTooLarge, "the document has more than " + std::to_string(kMaxBytes) + " bytes");
  }

  oci::JsonWriter json_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<std::vector<std::string>> read_documents(std::string_view text) {
  std::vector<std::string> documents;
  std::vector<YAML::Node> nodes;
  try {
    nodes = YAML::LoadAll(std::string(text));
    for (const YAML::Node& node : nodes) {
      if (node.IsNull()) continue;
      if (!node.IsMap()) return fail(Code::kInvalid, "expected documents that are objects");
      LAMINA_ASSIGN(documents.emplace_back(), Converter().run(node));
    }
  } catch (const YAML::Exception& error) {
    return fail(Code::kInvalid, "expected YAML or JSON: " + std::string(error.what()));
  }
  return documents;
}

}  // namespace lamina::cluster
