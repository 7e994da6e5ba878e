// SPDX-License-Identifier: Apache-2.0
#include "cmd/command_line.h"

#include <gtest/gtest.h>

#include <map>

#include "cmd/quantity.h"

namespace lamina::cmd {
namespace {

/// A command with an option and an argument of every sort.
class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    command_.name = "try";
    command_.flag("-v,--verbose", verbose_, "");
    command_.option("--size", "SIZE", size_, parse_size, "");
    command_.list("-t,--tag", "TAG", tags_, "");
    command_.setting("client", "registry", Command::into(registry_));
    command_.setting("client", "insecure", Command::into(insecure_));
    command_.setting("serve", "accept-sparse", Command::append_to(patterns_));
    command_.argument("FIRST", first_, "");
    command_.arguments.push_back({.name = "REST", .help = "", .take = Command::append_to(rest_)});
    command_.arguments.back().required = false;
    command_.arguments.back().repeated = true;
    add_common_options(command_, common_);
  }

  Result<bool> parse(const std::vector<std::string>& words) {
    return parse_command_line(command_, words, common_, surroundings_);
  }
  std::string failure(const std::vector<std::string>& words) {
    const auto parsed = parse(words);
    if (parsed) return "success";
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    return parsed.error().message;
  }

  std::map<std::string, std::string> variables_, files_;
  Surroundings surroundings_{.variable = [this](const std::string& name) -> std::optional<std::string> {
                               const auto found = variables_.find(name);
                               return found == variables_.end() ? std::nullopt : std::optional(found->second);
                             },
                             .read_file = [this](const std::string& path) -> Result<std::string> {
                               const auto found = files_.find(path);
                               if (found == files_.end()) return fail(Code::kNotFound, path + ": missing");
                               return found->second;
                             }};

  Command command_;
  CommonOptions common_;
  bool verbose_ = false, insecure_ = false;
  std::optional<std::uint64_t> size_;
  std::string registry_ = "built-in", first_;
  std::vector<std::string> tags_, patterns_, rest_;
};

TEST_F(CommandLine, TakesOptionsAndArgumentsInAnyOrder) {
  ASSERT_FALSE(
      parse({"a", "-vt", "1", "--size=2KiB", "b", "--tag", "2", "-t3", "-o", "json", "-", "--", "-x"})
          .value());
  EXPECT_TRUE(verbose_);
  EXPECT_EQ(size_, 2048U);
  EXPECT_EQ(tags_, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(first_, "a");
  EXPECT_EQ(rest_, (std::vector<std::string>{"b", "-", "-x"}));
  EXPECT_EQ(common_.output, Format::kJson);
  EXPECT_EQ(registry_, "built-in");
}

TEST_F(CommandLine, ValuesAreTakenAsTheyAre) {
  ASSERT_TRUE(
      parse({"[a=b,c]", "x", "[d,e]", "-t", "[f,g]", "-t", "-h", "--tag=", "-t", "\"q\"", "--tag=x="}));
  EXPECT_EQ(first_, "[a=b,c]");
  EXPECT_EQ(rest_, (std::vector<std::string>{"x", "[d,e]"}));
  EXPECT_EQ(tags_, (std::vector<std::string>{"[f,g]", "-h", "", "\"q\"", "x="}));
}

TEST_F(CommandLine, HelpWinsOverEverythingElse) {
  EXPECT_TRUE(parse({"--help"}).value());
  EXPECT_TRUE(parse({"-h", "a", "b"}).value());
}

TEST_F(CommandLine, FaultsNameTheirPlace) {
  const struct {
    std::vector<std::string> words;
    std::string_view expected;
  } kCases[] = {
      {{}, "FIRST is missing; see `lamina try --help`"},
      {{"a", "--sise", "1"}, "unknown option '--sise' (did you mean '--size'?); see `lamina try --help`"},
      {{"a", "--sise=1"}, "unknown option '--sise' (did you mean '--size'?); see `lamina try --help`"},
      {{"a", "--zzzzzz"}, "unknown option '--zzzzzz'; see `lamina try --help`"},
      {{"a", "--size", "big"}, "--size: expected a size such as 4096, 100MiB or 2GB, found 'big'"},
      {{"a", "-o", "xml"}, "--output: expected one of text|json, found 'xml'"},
      {{"a", "--size"}, "--size needs a value; see `lamina try --help`"},
      {{"a", "-t"}, "--tag needs a value; see `lamina try --help`"},
      {{"a", "-vt"}, "--tag needs a value; see `lamina try --help`"},
      {{"a", "--size", "1", "--size", "2"},
       "--size is given 2 times, expected at most once; see `lamina try --help`"},
      {{"a", "-o", "json", "-o=text", "--output", "json"},
       "--output is given 3 times, expected at most once; see `lamina try --help`"},
  };
  for (const auto& c : kCases) EXPECT_EQ(failure(c.words), c.expected);
}

TEST_F(CommandLine, TooManyArguments) {
  command_.arguments.pop_back();
  EXPECT_EQ(failure({"a", "b"}), "unexpected argument 'b'; see `lamina try --help`");
  EXPECT_EQ(failure({"a", "b", "c"}), "too many arguments; see `lamina try --help`");
}

TEST_F(CommandLine, FlagsWinOverVariablesOverTheFile) {
  files_["f"] = "client: {registry: file, insecure: true}\nserve: {accept-sparse: [file/1, file/2]}\n";
  ASSERT_TRUE(parse({"a", "--config", "f"}));
  EXPECT_EQ(registry_, "file");
  EXPECT_TRUE(insecure_);
  EXPECT_EQ(patterns_, (std::vector<std::string>{"file/1", "file/2"}));

  variables_ = {{"LAMINA_CONFIG", "f"},
                {"LAMINA_REGISTRY", "env"},
                {"LAMINA_INSECURE", "false"},
                {"LAMINA_ACCEPT_SPARSE", "env/1,env/2"}};
  patterns_.clear();
  ASSERT_TRUE(parse({"a"}));
  EXPECT_EQ(registry_, "env");
  EXPECT_FALSE(insecure_);
  EXPECT_EQ(patterns_, (std::vector<std::string>{"env/1", "env/2"}));

  patterns_.clear();
  ASSERT_TRUE(parse({"a", "--registry", "flag", "--accept-sparse", "flag/1", "--insecure"}));
  EXPECT_EQ(registry_, "flag");
  EXPECT_TRUE(insecure_);
  EXPECT_EQ(patterns_, (std::vector<std::string>{"flag/1"}));
}

TEST_F(CommandLine, EmptyVariablesCountAsAbsent) {
  variables_ = {{"LAMINA_REGISTRY", ""}, {"LAMINA_CONFIG", ""}};
  ASSERT_TRUE(parse({"a"}));
  EXPECT_EQ(registry_, "built-in");
}

TEST_F(CommandLine, FaultsOfVariablesAndFilesNameThem) {
  variables_ = {{"LAMINA_INSECURE", "maybe"}};
  EXPECT_EQ(failure({"a"}), "LAMINA_INSECURE: expected true or false, found 'maybe'");
  variables_.clear();
  EXPECT_EQ(failure({"a", "--config", "nowhere"}), "configuration file nowhere: missing");
  files_["f"] = "client: {registri: x}";
  EXPECT_EQ(failure({"a", "--config", "f"}),
            "f:1:10: unknown key 'registri' in client (did you mean 'registry'?)");
}

TEST_F(CommandLine, JsonIsSeenWhereParsingFails) {
  const auto wants = [&](const std::vector<std::string>& words) { return wants_json(words, surroundings_); };
  EXPECT_TRUE(wants({"x", "-o", "json"}));
  EXPECT_TRUE(wants({"x", "-ojson"}));
  EXPECT_TRUE(wants({"x", "--output=json"}));
  EXPECT_FALSE(wants({"x", "-o", "text"}));
  EXPECT_FALSE(wants({"x", "-o"}));
  EXPECT_FALSE(wants({"x", "--", "-o", "json"}));
  variables_["LAMINA_OUTPUT"] = "json";
  EXPECT_TRUE(wants({"x"}));
  EXPECT_FALSE(wants({"x", "-o", "text"}));
}

}  // namespace
}  // namespace lamina::cmd
