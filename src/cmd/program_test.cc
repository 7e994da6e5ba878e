// SPDX-License-Identifier: Apache-2.0
#include "cmd/program.h"

#include <gtest/gtest.h>

#include <csignal>

#include "archive/testing/temporary_tree.h"
#include "cmd/testing/fake_process.h"
#include "lamina/digest.h"

namespace lamina::cmd {
namespace {

TEST(Program, PrintsHelp) {
  for (const auto& words : std::vector<std::vector<std::string>>{{}, {"--help"}, {"-h"}, {"help"}}) {
    FakeProcess process;
    EXPECT_EQ(process.run(words), 0);
    EXPECT_TRUE(process.out().contains("\n  push        Publish a file, a directory or a stream\n"))
        << process.out();
    EXPECT_EQ(process.err(), "");
  }
  for (const auto& words : std::vector<std::vector<std::string>>{{"help", "push"}, {"push", "--help"}}) {
    FakeProcess process;
    EXPECT_EQ(process.run(words), 0);
    EXPECT_TRUE(process.out().contains("\nUsage: lamina push [OPTION]... PATH [REFERENCE]\n"))
        << process.out();
  }
}

TEST(Program, TellsErrorsAsTextOrJson) {
  const struct {
    std::vector<std::string> words;
    int status;
    std::string_view expected;
  } kCases[] = {
      {{"psuh"}, 2, "lamina: there is no command 'psuh' (did you mean 'push'?); see `lamina --help`\n"},
      {{"help", "psuh"},
       2,
       "lamina: there is no command 'psuh' (did you mean 'push'?); see `lamina --help`\n"},
      {{"a\x1b[2J"}, 2, "lamina: there is no command 'a?[2J'; see `lamina --help`\n"},
      {{"push"}, 2, "lamina: PATH is missing; see `lamina push --help`\n"},
      {{"rm", "-o", "json"},
       2,
       "{\"code\":\"invalid\",\"message\":\"expected either REFERENCE or --identity KEY=VALUE...\"}\n"},
      {{"find"}, 2, "lamina: KEY=VALUE is missing; see `lamina find --help`\n"},
      {{"serve", "--advertise-url", "h:1"},
       2,
       "lamina: --advertise-url: expected http:// or https://, a host and no query, such as "
       "http://lamina.example:5000, found 'h:1'\n"},
      {{"ls", "--registry", "ftp://h"},
       2,
       "lamina: --registry: expected HOST[:PORT], such as 127.0.0.1:5000, found 'ftp://h'\n"},
      {{"ls", "h/a"}, 2, "lamina: REGISTRY: expected HOST[:PORT], such as 127.0.0.1:5000, found 'h/a'\n"},
      {{"controller", "--print-rbac"},
       2,
       "lamina: --print-rbac: expected --holder KIND.GROUP, whose rights to print\n"},
      {{"rm", "-o", "json", "-x"},
       2,
       "{\"code\":\"invalid\",\"message\":\"unknown option '-x'; see `lamina rm --help`\"}\n"},
      {{"pack", "/nowhere", "--config", "c"}, 2, "lamina: configuration file c: missing\n"},
  };
  for (const auto& c : kCases) {
    FakeProcess process;
    EXPECT_EQ(process.run(c.words), c.status);
    EXPECT_EQ(process.err(), c.expected);
    EXPECT_EQ(process.out(), "");
  }
}

class Pack : public testing::Test {
 protected:
  Pack() { tree_.file("in/a.txt", "hello\n"); }
  archive::TemporaryTree tree_;
  const std::string in_ = (tree_.path() / "in").string();
  const std::string out_ = (tree_.path() / "out.tgz").string();
};

TEST_F(Pack, PrintsTheSameDigestInEveryForm) {
  FakeProcess text, brief, json;
  ASSERT_EQ(text.run({"pack", in_}), 0) << text.err();
  ASSERT_EQ(brief.run({"pack", in_, "-q"}), 0);
  ASSERT_EQ(json.run({"pack", in_, "-o", "json"}), 0);
  ASSERT_TRUE(brief.out().starts_with("sha256:"));
  const std::string digest = brief.out().substr(0, brief.out().size() - 1);
  EXPECT_TRUE(text.out().starts_with("digest  " + digest + "\n")) << text.out();
  EXPECT_TRUE(json.out().starts_with("{\"digest\":\"" + digest + "\",")) << json.out();
}

TEST_F(Pack, WarnsOfWhatItDrops) {
  std::filesystem::create_symlink("a.txt", tree_.path() / "in/link");
  FakeProcess process;
  ASSERT_EQ(process.run({"pack", in_, "-q"}), 0);
  EXPECT_EQ(process.err(), "lamina: warning: left out 1 that are neither file nor directory: link\n");
}

TEST_F(Pack, ReportsBesideStandardOutputThatHoldsTheArchive) {
  FakeProcess process;
  ASSERT_EQ(process.run({"pack", in_, "--to", "-", "-o", "json"}), 0);
  EXPECT_TRUE(process.out().starts_with("\x1f\x8b"));
  EXPECT_TRUE(process.err().contains(Digest::of(process.out()).to_string()));
}

TEST_F(Pack, LeavesNothingBehindWhenInterrupted) {
  FakeProcess process;
  process.signal = SIGINT;
  EXPECT_EQ(process.run({"pack", in_, "--to", out_}), 130);
  EXPECT_EQ(process.err(), "lamina: interrupted\n");
  process.signal = SIGTERM;
  EXPECT_EQ(process.run({"pack", in_, "--to", out_}), 143);
  process.signal = 0;
  EXPECT_EQ(process.run({"pack", in_ + "/nowhere", "--to", out_}), 3);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(tree_.path()))
    left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"in"});
}

TEST_F(Pack, ReplacesAFileButNoDirectory) {
  tree_.file("out.tgz", "old");
  FakeProcess process;
  ASSERT_EQ(process.run({"pack", in_, "--to", out_, "-q"}), 0) << process.err();
  EXPECT_EQ(process.run({"pack", in_, "--to", in_}), 6);
}

}  // namespace
}  // namespace lamina::cmd
