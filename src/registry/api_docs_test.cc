// SPDX-License-Identifier: Apache-2.0
// docs/api says what is served: neither more nor less.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "registry/errors.h"
#include "registry/routes.h"

namespace lamina::registry {
namespace {

using Operations = std::set<std::pair<std::string, std::string>>;  // method, pattern

std::vector<std::string> lines_of(std::string_view name) {
  // __FILE__ may be relative to the directory of the build, where this program is.
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path() / __FILE__;
  std::ifstream file(here.parent_path() / "../../docs/api" / name);
  EXPECT_TRUE(file) << "cannot read docs/api/" << name << " beside " << here;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// The documents call <last> by what it is: a digest, an upload, ...
std::string as_pattern(std::string path) {
  path = path.substr(0, path.find('?'));
  path = std::regex_replace(path, std::regex("\\{(\\w+)\\}"), "<$1>");
  path = std::regex_replace(path, std::regex("<(digest|id|upload|reference|tag or digest)>"), "<last>");
  return std::regex_replace(path, std::regex("<file name>"), "<file>");
}

Operations served() {
  Operations all;
  for (const EndpointRow& row : kEndpoints) all.emplace(row.method, row.pattern);
  return all;
}

TEST(ApiDocs, OpenapiHasExactlyTheEndpoints) {
  Operations described;
  Operations heads;
  std::string section, path;
  for (const std::string& line : lines_of("openapi.yaml")) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex("(\\w+):.*"))) section = match[1];
    if (section != "paths") continue;
    if (std::regex_match(line, match, std::regex("  (/\\S*):"))) path = as_pattern(match[1]);
    if (!std::regex_match(line, match, std::regex("    (get|head|post|put|patch|delete|options|trace):")))
      continue;
    std::string method = match[1];
    for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
    Operations& operations = method == "HEAD" ? heads : described;
    EXPECT_TRUE(operations.emplace(method, path).second) << line << " comes twice below " << path;
  }
  EXPECT_THAT(described, testing::ContainerEq(served()));
  for (const auto& [method, head] : heads) EXPECT_TRUE(described.contains({"GET", head})) << head;
}

TEST(ApiDocs, EveryReferenceInOpenapiLeadsToSomething) {
  std::set<std::string> defined, named;
  std::string section, kind;
  const std::regex reference("\"#/components/([\\w/-]+)\"");
  for (const std::string& line : lines_of("openapi.yaml")) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex("(\\w+):.*"))) section = match[1];
    if (std::regex_match(line, match, std::regex("  (\\w+):"))) kind = match[1];
    if (section == "components" && std::regex_match(line, match, std::regex("    ([\\w-]+):.*"))) {
      defined.insert(kind + '/' + match[1].str());
    }
    for (auto it = std::sregex_iterator(line.begin(), line.end(), reference); it != std::sregex_iterator();
         ++it) {
      named.insert((*it)[1]);
    }
  }
  EXPECT_THAT(named, testing::ContainerEq(defined)) << "each is defined, and none for nothing";
}

TEST(ApiDocs, TheTableOfEndpointsIsWhole) {
  Operations described;
  const std::regex row("\\| ([A-Z, ]+) \\| `([^`]+)` \\|.*");
  for (const std::string& line : lines_of("README.md")) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    const std::string methods = match[1];
    described.emplace(methods.substr(0, methods.find(", HEAD")), as_pattern(match[2]));
  }
  EXPECT_THAT(described, testing::ContainerEq(served()));
}

TEST(ApiDocs, TheTableOfErrorsIsWhole) {
  std::set<std::pair<std::string, std::string>> described, given;
  const std::regex row("\\| (\\d{3}) \\| `([A-Z_]+)` \\|.*");
  for (const std::string& line : lines_of("README.md")) {
    std::smatch match;
    if (std::regex_match(line, match, row)) described.emplace(match[1], match[2]);
  }
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    for (int about = 0; about <= static_cast<int>(About::kManifestBlob); ++about) {
      const ErrorAnswer answer = answer_for(static_cast<Code>(code), static_cast<About>(about));
      given.emplace(std::to_string(answer.status), answer.id);
    }
  }
  EXPECT_THAT(described, testing::ContainerEq(given));
}

}  // namespace
}  // namespace lamina::registry
